import { TurnError } from '../errors.ts'

/** What a client is told when there is no worker for it: about the length of a short answer. */
export const QUEUE_RETRY_AFTER_S = 2

/** How long to wait when nothing else is said. */
const WAIT_TIMEOUT_MS = 120_000

type Waiter<T> = { resolve(value: T): void; reject(error: Error): void }

/** First in, first out: requests that wait for a worker, each until its client goes away. */
export class WaitQueue<T> {
  readonly #waiters = new Set<Waiter<T>>()

  get length(): number {
    return this.#waiters.size
  }

  /** Waits for `give`; rejects when `signal` aborts, time is up or the queue is failed. */
  async wait(signal: AbortSignal, timeoutMs = WAIT_TIMEOUT_MS): Promise<T> {
    if (signal.aborted) throw goneAway()
    const { promise, ...waiter } = Promise.withResolvers<T>()
    // Out of the queue in the same breath: nothing may be given to one who has left.
    const leave = (reason: TurnError) => {
      this.#waiters.delete(waiter)
      waiter.reject(reason)
    }
    const abort = () => leave(goneAway())
    this.#waiters.add(waiter)
    signal.addEventListener('abort', abort)
    const timer = setTimeout(() => leave(waitedTooLong(timeoutMs)), timeoutMs)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
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

function waitedTooLong(ms: number): TurnError {
  const message = `No worker was free for ${ms / 1000} s. Try again, or raise --max-workers.`
  return new TurnError('overloaded', message, { retryAfterS: QUEUE_RETRY_AFTER_S })
}

function goneAway(): TurnError {
  return new TurnError('cancelled', 'The client went away.')
}
