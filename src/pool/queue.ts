import { clientGone, TurnError } from '../errors.ts'
import type { Caller } from './caller.ts'
import type { Shares } from './shares.ts'

/** What a client is told when there is no worker for it: about the length of a short answer. */
const QUEUE_RETRY_AFTER_S = 2

/** How long to wait when nothing else is said. */
const WAIT_TIMEOUT_MS = 120_000

/** How long who is next waits for a worker of its own while others can use those that come free. */
const PASS_OVER_MS = 1_000

type Waiter<T> = {
  client: string
  /** Whether a value is of use to it. */
  accepts: (value: T) => boolean
  since: number
  resolve(value: T): void
  reject(error: Error): void
}

export type QueueLimits = {
  maxQueue: number
  maxWorkers: number
  /** How many of those who wait need no place: workers can be booted for them. */
  served: number
}

export type WaitOptions<T> = { accepts?: (value: T) => boolean; timeoutMs?: number | undefined }

/**
 * Requests that wait for a worker, each until its client goes away. The next is that of the client
 * with the fewest turns running, among equals of the one served longest ago.
 */
export class WaitQueue<T> {
  /** In the order in which they came. */
  readonly #waiters = new Set<Waiter<T>>()
  readonly #shares: Shares

  constructor(shares: Shares) {
    this.#shares = shares
  }

  get length(): number {
    return this.#waiters.size
  }

  /** Waits for `give`; rejects when `signal` aborts, time is up or the queue is failed. */
  async wait({ client, signal }: Caller, options: WaitOptions<T> = {}): Promise<T> {
    const { accepts = () => true, timeoutMs = WAIT_TIMEOUT_MS } = options
    if (signal.aborted) throw clientGone()
    const { promise, ...settle } = Promise.withResolvers<T>()
    const waiter = { client, accepts, since: performance.now(), ...settle }
    // Out of the queue in the same breath: nothing may be given to one who has left.
    const leave = (reason: TurnError) => {
      this.#waiters.delete(waiter)
      waiter.reject(reason)
    }
    const abort = () => leave(clientGone())
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

  /**
   * Hands a value to the next who waits, whose turn counts from now on; false if nobody takes it.
   * If it is of no use to the next, another of the same client may have it, but not for ever.
   */
  give(value: T): boolean {
    const [next, ...others] = this.#inTurn()
    if (!next) return false
    const passes = performance.now() - next.since < PASS_OVER_MS
    const own = passes ? others.filter(({ client }) => client === next.client) : []
    const taker = [next, ...own].find(({ accepts }) => accepts(value))
    if (!taker) return false
    this.#waiters.delete(taker)
    this.#shares.begin(taker.client)
    taker.resolve(value)
    return true
  }

  /**
   * Throws if the queue is full and stays so. One place may be taken from a client that has more
   * than its share.
   */
  requirePlace(client: string, { maxQueue, maxWorkers, served }: QueueLimits): void {
    if (this.length - served < maxQueue) return
    const message = `All ${maxWorkers} workers are busy and ${maxQueue} requests wait. Try again soon.`
    const refusal = new TurnError('queue_full', message, { retryAfterS: QUEUE_RETRY_AFTER_S })
    if (!this.displaceFor(client, refusal)) throw refusal
  }

  /** How many of those who wait are such. */
  count(is: (waiter: { accepts: (value: T) => boolean; waitedMs: number }) => boolean): number {
    const now = performance.now()
    return [...this.#waiters].filter(({ accepts, since }) => is({ accepts, waitedMs: now - since }))
      .length
  }

  /**
   * Refuses the newest request of the client that has most turns running and waiting, so that one
   * of `client` can wait in its place. False if `client` would then have as many: two clients that
   * try again must not displace each other for ever.
   */
  displaceFor(client: string, reason: TurnError): boolean {
    const loads = this.#loads()
    const [most] = [...loads].toSorted(([, a], [, b]) => b - a)
    const own = loads.get(client) ?? this.#shares.running(client)
    if (!most || most[1] <= own + 1) return false
    const newest = [...this.#waiters].findLast((waiter) => waiter.client === most[0])
    if (!newest) return false
    this.#waiters.delete(newest)
    newest.reject(reason)
    return true
  }

  failAll(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters.clear()
  }

  /** Who comes first: see above. */
  #inTurn(): Waiter<T>[] {
    return [...this.#waiters].toSorted((a, b) => this.#shares.compare(a.client, b.client))
  }

  /** The turns running and waiting of each client that waits. */
  #loads(): Map<string, number> {
    const loads = new Map<string, number>()
    for (const { client } of this.#waiters) {
      loads.set(client, (loads.get(client) ?? this.#shares.running(client)) + 1)
    }
    return loads
  }
}

function waitedTooLong(ms: number): TurnError {
  const message = `No worker was free for ${ms / 1000} s. Try again, or raise --max-workers.`
  return new TurnError('overloaded', message, { retryAfterS: QUEUE_RETRY_AFTER_S })
}
