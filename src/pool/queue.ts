import { TurnError } from '../errors.ts'

type Waiter<T> = { resolve(value: T): void; reject(error: Error): void }

/** First in, first out: requests that wait for a worker, each until its client goes away. */
export class WaitQueue<T> {
  readonly #waiters = new Set<Waiter<T>>()

  get length(): number {
    return this.#waiters.size
  }

  /** Waits for `give`; rejects when `signal` aborts or the queue is failed. */
  async wait(signal: AbortSignal): Promise<T> {
    if (signal.aborted) throw goneAway()
    const { promise, ...waiter } = Promise.withResolvers<T>()
    const leave = () => waiter.reject(goneAway())
    this.#waiters.add(waiter)
    signal.addEventListener('abort', leave)
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', leave)
      this.#waiters.delete(waiter)
    }
  }

  /** Hands a value to whoever waits longest; false if nobody does. */
  give(value: T): boolean {
    const [first] = this.#waiters
    if (!first) return false
    this.#waiters.delete(first)
    first.resolve(value)
    return true
  }

  failAll(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters.clear()
  }
}

function goneAway(): TurnError {
  return new TurnError('cancelled', 'The client went away.')
}
