import { availableParallelism } from 'node:os'
import type { Turn } from '../claude/turn.ts'
import type { Worker } from '../claude/worker.ts'
import type { ModelInfo } from '../conversation/models.ts'
import type { Conversation, RateLimit, TurnEvent } from '../conversation/types.ts'
import { TurnError, toTurnError } from '../errors.ts'
import type { Log } from '../log.ts'
import { Backoff } from './backoff.ts'
import { WaitQueue } from './queue.ts'

/** Workers that may die under a request before it reached the model, each replaced silently. */
const MAX_ATTEMPTS = 3
/** What a client is told when the queue is full: about the length of a short answer. */
const QUEUE_RETRY_AFTER_S = 2

export type PoolOptions = {
  boot: () => Promise<Worker>
  /** Told after each turn that reached the account: whether it found a login. */
  onAnswered?: (loggedIn: boolean) => void
  maxWorkers: number
  warmWorkers: number
  maxQueue: number
  log: Log
}

/** `warm`: a booted worker was there; `cold`: the request waited for one. */
export type WorkerOrigin = 'warm' | 'cold'

export type Answer = { events: ReadableStream<TurnEvent>; worker: WorkerOrigin }

export type PoolSnapshot = {
  booting: number
  pristine: number
  busy: number
  queued: number
  bootFailures: number
  rateLimit: RateLimit | undefined
}

/** Who answers, and when: workers booted ahead, one conversation each, and a bounded queue. */
export class Pool {
  readonly #options: PoolOptions
  /** Every process that has not been reaped, whatever its state. */
  readonly #alive = new Set<Worker>()
  readonly #pristine: Worker[] = []
  readonly #queue = new WaitQueue<Worker>()
  readonly #backoff = new Backoff()
  #booting = 0
  /** Turns on their way to the model: nothing may take CPU from them. */
  #settling = 0
  #models: readonly ModelInfo[] | undefined
  #rateLimit: RateLimit | undefined
  #refillTimer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(options: PoolOptions) {
    this.#options = options
    this.#fill()
  }

  /**
   * Answers a conversation. Resolves at the first event, so that whatever fails before it is an
   * error of the request; aborting `signal` ends the worker, and the request to the model with it.
   */
  async run(conversation: Conversation, signal: AbortSignal): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const { worker, origin } = await this.#acquire(signal)
      const turn = this.#start(worker, conversation, signal)
      try {
        await turn.started
        this.#options.onAnswered?.(true)
        return { events: turn.events, worker: origin }
      } catch (error) {
        const { kind } = toTurnError(error)
        if (kind === 'not_logged_in') this.#loggedOut()
        const replaceable = kind === 'worker' && !turn.wasRequested
        if (!replaceable || attempt === MAX_ATTEMPTS || signal.aborted) throw error
        this.#options.log.warn('A worker died before its request was sent; taking another.')
      }
    }
  }

  /** What the CLI says it can use; waits for the first worker. */
  async models(signal: AbortSignal): Promise<readonly ModelInfo[]> {
    if (this.#models) return this.#models
    const { worker } = await this.#acquire(signal)
    this.#release(worker)
    return worker.models
  }

  snapshot(): PoolSnapshot {
    return {
      booting: this.#booting,
      pristine: this.#pristine.length,
      busy: this.#alive.size - this.#pristine.length,
      queued: this.#queue.length,
      bootFailures: this.#backoff.failures,
      rateLimit: this.#rateLimit,
    }
  }

  /** Ends every worker and waits until all are reaped. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#refillTimer)
    this.#queue.failAll(shuttingDown())
    while (this.#alive.size > 0 || this.#booting > 0) {
      await Promise.all([...this.#alive].map((worker) => worker.end()))
      if (this.#booting > 0) await this.#bootSettled.promise
    }
  }
  #bootSettled = Promise.withResolvers<void>()

  async #acquire(signal: AbortSignal): Promise<{ worker: Worker; origin: WorkerOrigin }> {
    if (this.#closed) throw shuttingDown()
    const warm = this.#pristine.shift()
    if (warm) return { worker: warm, origin: 'warm' }
    const { maxQueue, maxWorkers } = this.#options
    // Requests for which a worker can still be booted are not queued, they are being served.
    const room = Math.max(0, maxWorkers - this.#alive.size)
    if (this.#queue.length - room >= maxQueue) {
      const message = `All ${maxWorkers} workers are busy and ${maxQueue} requests wait. Try again soon.`
      throw new TurnError('queue_full', message, { retryAfterS: QUEUE_RETRY_AFTER_S })
    }
    const waiting = this.#queue.wait(signal)
    this.#fill()
    return { worker: await waiting, origin: 'cold' }
  }

  #start(worker: Worker, conversation: Conversation, signal: AbortSignal): Turn {
    const turn = worker.run(conversation)
    const abort = () => void worker.end()
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    this.#settling++
    void turn.requested.then(() => {
      this.#settling--
      this.#fill()
    })
    void turn.finished.then(() => {
      signal.removeEventListener('abort', abort)
      this.#rateLimit = turn.rateLimit ?? this.#rateLimit
      // One worker, one conversation.
      return worker.end()
    })
    return turn
  }

  /** Boots what is missing: at once for requests that wait, later for those still to come. */
  #fill(): void {
    if (this.#closed) return
    const { maxWorkers, warmWorkers } = this.#options
    const room = () => maxWorkers - this.#alive.size - this.#booting
    // More boots than cores at a time only make the first of them later.
    while (room() > 0 && this.#booting < Math.min(this.#queue.length, availableParallelism())) {
      void this.#boot()
    }
    const idle = this.#queue.length === 0 && this.#settling === 0 && this.#booting === 0
    if (!idle || room() <= 0 || this.#pristine.length >= warmWorkers) return
    if (this.#backoff.delayMs === 0) void this.#boot()
    else this.#refillLater()
  }

  #refillLater(): void {
    clearTimeout(this.#refillTimer)
    this.#refillTimer = setTimeout(() => {
      if (!this.#closed && this.#booting === 0) void this.#boot()
    }, this.#backoff.delayMs)
  }

  async #boot(): Promise<void> {
    this.#booting++
    try {
      const worker = await this.#options.boot()
      this.#alive.add(worker)
      this.#models = worker.models
      void worker.exited.then(() => this.#gone(worker))
      this.#backoff.succeed()
      this.#release(worker)
    } catch (error) {
      this.#backoff.fail()
      this.#options.log.error('A worker could not be started.', { error })
      this.#queue.failAll(toTurnError(error))
    } finally {
      this.#booting--
      this.#bootSettled.resolve()
      this.#bootSettled = Promise.withResolvers()
      this.#fill()
    }
  }

  /** Workers that booted without a login may not notice one that comes later. */
  #loggedOut(): void {
    this.#options.onAnswered?.(false)
    for (const worker of this.#pristine.splice(0)) void worker.end()
  }

  #release(worker: Worker): void {
    if (this.#closed) return
    if (!this.#queue.give(worker)) this.#pristine.push(worker)
  }

  #gone(worker: Worker): void {
    this.#alive.delete(worker)
    const index = this.#pristine.indexOf(worker)
    if (index !== -1) {
      this.#pristine.splice(index, 1)
      // Nobody asked it to go: if they all do that, starting them faster does not help.
      if (!this.#closed) this.#backoff.fail()
    }
    this.#fill()
  }
}

function shuttingDown(): TurnError {
  return new TurnError('overloaded', 'The server is shutting down.', { retryAfterS: 1 })
}
