import { availableParallelism } from 'node:os'
import type { Worker } from '../claude/worker.ts'
import type { ModelInfo } from '../conversation/models.ts'
import { TurnError, toTurnError } from '../errors.ts'
import type { Log } from '../log.ts'
import { Backoff } from './backoff.ts'
import { QUEUE_RETRY_AFTER_S, WaitQueue } from './queue.ts'

export type SupplyOptions = {
  boot: () => Promise<Worker>
  maxWorkers: number
  warmWorkers: number
  maxQueue: number
  queueTimeoutMs?: number
  /**
   * Gives up a kept worker so that another can be booted: any for a request that waits
   * (`request`), only a finished one for a request still to come (`refill`).
   */
  giveUp: (purpose: 'request' | 'refill') => Worker | undefined
  onGone: (worker: Worker) => void
  log: Log
}

/** `warm`: a booted worker was there; `cold`: the request waited for one. */
export type Acquired = { worker: Worker; origin: 'warm' | 'cold' }

/** The processes: booted ahead, handed out first come first served, counted until reaped. */
export class WorkerSupply {
  readonly #options: SupplyOptions
  /** Every process that has not been reaped, whatever its state. */
  readonly #alive = new Set<Worker>()
  readonly #ending = new Set<Worker>()
  readonly #pristine: Worker[] = []
  readonly #queue = new WaitQueue<Worker>()
  readonly #backoff = new Backoff()
  readonly #boots = new Set<Promise<void>>()
  /** Turns on their way to the model: a boot for later must not take CPU from them. */
  #settling = 0
  #models: readonly ModelInfo[] | undefined
  #refillTimer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(options: SupplyOptions) {
    this.#options = options
    this.#fill()
  }

  get counts() {
    return {
      alive: this.#alive.size,
      booting: this.#boots.size,
      pristine: this.#pristine.length,
      queued: this.#queue.length,
      bootFailures: this.#backoff.failures,
    }
  }

  /** Hands out a pristine worker; rejects when the queue is full or `signal` aborts. */
  async acquire(signal: AbortSignal): Promise<Acquired> {
    if (this.#closed) throw shuttingDown()
    const warm = this.#pristine.shift()
    if (warm) return { worker: warm, origin: 'warm' }
    const { maxQueue, maxWorkers } = this.#options
    // Requests for which a worker can still be booted are not queued, they are being served.
    const served = Math.max(0, maxWorkers - this.#alive.size)
    if (this.#queue.length - served >= maxQueue) {
      const message = `All ${maxWorkers} workers are busy and ${maxQueue} requests wait. Try again soon.`
      throw new TurnError('queue_full', message, { retryAfterS: QUEUE_RETRY_AFTER_S })
    }
    const waiting = this.#queue.wait(signal, this.#options.queueTimeoutMs)
    this.#fill()
    return { worker: await waiting, origin: 'cold' }
  }

  /** What the CLI says it can use; waits for the first worker. */
  async models(signal: AbortSignal): Promise<readonly ModelInfo[]> {
    if (this.#models) return this.#models
    const { worker } = await this.acquire(signal)
    this.#offer(worker)
    return worker.models
  }

  /** Puts off boots for later until `settled`: a turn is on its way to the model. */
  async holdBack(settled: Promise<void>): Promise<void> {
    this.#settling++
    await settled
    this.#settling--
    this.#fill()
  }

  /** A worker that could be given up is there now: whoever waits may get its place. */
  noteKept(): void {
    this.#fill()
  }

  /** Ends a worker that nobody needs any more; its place is free when it is reaped. */
  async retire(worker: Worker): Promise<void> {
    this.#ending.add(worker)
    await worker.end()
  }

  /** Workers that booted without a login may not notice one that comes later. */
  retirePristine(): void {
    for (const worker of this.#pristine.splice(0)) void this.retire(worker)
  }

  /** Ends every worker and resolves when all are reaped. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#refillTimer)
    this.#queue.failAll(shuttingDown())
    while (this.#alive.size > 0 || this.#boots.size > 0) {
      await Promise.all([...this.#alive].map((worker) => this.retire(worker)))
      await Promise.all(this.#boots)
    }
  }

  #room(): number {
    return this.#options.maxWorkers - this.#alive.size - this.#boots.size
  }

  /** Boots what is missing: at once for requests that wait, later for those still to come. */
  #fill(): void {
    if (this.#closed) return
    // More boots than cores at a time only make the first of them later.
    const parallel = Math.min(this.#queue.length, availableParallelism())
    while (this.#room() > 0 && this.#boots.size < parallel) this.#boot()
    if (this.#queue.length > 0) return this.#makeRoom(this.#queue.length, 'request')

    const missing = this.#options.warmWorkers - this.#pristine.length - this.#boots.size
    if (missing <= 0 || this.#settling > 0 || this.#boots.size > 0) return
    if (this.#room() <= 0) return this.#makeRoom(missing, 'refill')
    if (this.#backoff.delayMs === 0) this.#boot()
    else this.#refillLater()
  }

  #makeRoom(wanted: number, purpose: 'request' | 'refill'): void {
    const coming = () => this.#boots.size + this.#room() + this.#ending.size
    while (coming() < wanted) {
      const worker = this.#options.giveUp(purpose)
      if (!worker) return
      void this.retire(worker)
    }
  }

  #refillLater(): void {
    clearTimeout(this.#refillTimer)
    this.#refillTimer = setTimeout(() => {
      if (!this.#closed && this.#boots.size === 0 && this.#room() > 0) this.#boot()
    }, this.#backoff.delayMs)
  }

  #boot(): void {
    const boot = this.#bootOne().finally(() => {
      this.#boots.delete(boot)
      this.#fill()
    })
    this.#boots.add(boot)
  }

  async #bootOne(): Promise<void> {
    try {
      const worker = await this.#options.boot()
      this.#alive.add(worker)
      this.#models = worker.models
      void worker.exited.then(() => this.#gone(worker))
      this.#backoff.succeed()
      this.#offer(worker)
    } catch (error) {
      this.#backoff.fail()
      this.#options.log.error('A worker could not be started.', { error })
      this.#queue.failAll(notStarted(error))
    }
  }

  #offer(worker: Worker): void {
    if (this.#closed || this.#queue.give(worker)) return
    this.#pristine.push(worker)
  }

  #gone(worker: Worker): void {
    this.#alive.delete(worker)
    this.#ending.delete(worker)
    this.#options.onGone(worker)
    const index = this.#pristine.indexOf(worker)
    if (index !== -1) {
      this.#pristine.splice(index, 1)
      // Nobody asked it to go: if they all do that, starting them faster does not help.
      this.#backoff.fail()
    }
    this.#fill()
  }
}

/** Nothing of a conversation has been near the process yet, so its last words may be told. */
function notStarted(cause: unknown): TurnError {
  const { kind, message, cause: stderr } = toTurnError(cause)
  const reason = stderr instanceof Error ? `${message} ${stderr.message}` : message
  return new TurnError(kind, `A worker could not be started: ${reason}`, { cause })
}

function shuttingDown(): TurnError {
  return new TurnError('overloaded', 'The server is shutting down.', { retryAfterS: 1 })
}
