import { availableParallelism } from 'node:os'
import type { Worker } from './worker.ts'
import type { ModelInfo } from '../conversation/models.ts'
import type { Conversation } from '../conversation/types.ts'
import { TurnError } from '../errors.ts'
import { Backoff } from './backoff.ts'
import type { Caller } from './caller.ts'
import { CrashLoop, type Start } from './crash-loop.ts'
import type { Purpose } from './forecast.ts'
import { QUEUE_RETRY_AFTER_S, WaitQueue } from './queue.ts'
import { ReadyWorkers } from './ready-workers.ts'
import type { Beneficiary, SupplyOptions } from './supply-options.ts'

/** How often it is looked whether what is ready is still wanted. */
const TIDY_MS = 30_000
/** What was booted ahead and is lost once in this time was an accident. */
const FORGET_MS = 60_000

/** `warm`: a booted worker was there; `cold`: the request waited for one. */
export type Acquired = { worker: Worker; origin: 'warm' | 'cold' }

const ANY: Purpose = { for: 'any' }
/** Who asks for what is the same for all. */
const NOBODY = ''

/** The processes: booted ahead, handed out in fair shares, counted until reaped. */
export class WorkerSupply {
  readonly #options: SupplyOptions
  /** Every process that has not been reaped, whatever its state. */
  readonly #alive = new Set<Worker>()
  readonly #ending = new Set<Worker>()
  readonly #ready = new ReadyWorkers()
  readonly #queue: WaitQueue<Worker>
  readonly #starts: CrashLoop
  /** Workers lost before anybody needed them: no reason to refuse a request. */
  readonly #losses: Backoff
  readonly #boots = new Map<Promise<void>, Purpose>()
  /** Turns on their way to the model: a boot for later must not take CPU from them. */
  #settling = 0
  #models: readonly ModelInfo[] | undefined
  #refillTimer: ReturnType<typeof setTimeout> | undefined
  readonly #tidyTimer = setInterval(() => this.#tidy(), TIDY_MS)
  #closed = false

  constructor(options: SupplyOptions) {
    this.#options = options
    this.#queue = new WaitQueue(options.shares)
    this.#starts = new CrashLoop(options.backoff)
    this.#losses = new Backoff({ ...options.backoff, forgetMs: FORGET_MS })
    this.#fill()
  }

  get counts() {
    return {
      alive: this.#alive.size,
      booting: this.#boots.size,
      ending: this.#ending.size,
      settling: this.#settling,
      ...this.#ready.counts,
      queued: this.#queue.length,
      bootFailures: this.#starts.failures,
    }
  }

  /** A pristine worker; rejects when none starts, the queue is full or the client goes away. */
  async acquire(caller: Caller, conversation?: Conversation): Promise<Acquired> {
    if (this.#closed) throw shuttingDown()
    const { client } = caller
    const warm = conversation ? this.#ready.takeFor(client, conversation) : this.#ready.takeAny()
    if (warm) {
      this.#options.shares.begin(client)
      return { worker: warm, origin: 'warm' }
    }
    const { refusal } = this.#starts
    if (refusal) throw refusal
    this.#requirePlace(client)
    const waiting = this.#queue.wait(caller, this.#options.queueTimeoutMs)
    this.#fill()
    return { worker: await waiting, origin: 'cold' }
  }

  /** What the CLI says it can use; waits for the first worker. */
  async models(signal: AbortSignal): Promise<readonly ModelInfo[]> {
    if (this.#models) return this.#models
    const { worker } = await this.acquire({ client: NOBODY, signal })
    this.#options.shares.end(NOBODY)
    this.#offer(worker, ANY)
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

  /** Ends a worker; its place is free when it is reaped. `reason`: why, if it is needed still. */
  async retire(worker: Worker, reason?: Error): Promise<void> {
    this.#ending.add(worker)
    await worker.end(reason)
  }

  /** Workers that booted without a login may not notice one that comes later. */
  retirePristine(): void {
    for (const worker of this.#ready.takeAll()) void this.retire(worker)
  }

  /** Ends every worker and resolves when all are reaped. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#refillTimer)
    clearInterval(this.#tidyTimer)
    this.#queue.failAll(shuttingDown())
    while (this.#alive.size > 0 || this.#boots.size > 0) {
      await Promise.all([...this.#alive].map((worker) => this.retire(worker, shuttingDown())))
      await Promise.all(this.#boots.keys())
    }
  }

  /** In a full queue one place may have to be taken from a client that has more than its share. */
  #requirePlace(client: string): void {
    const { maxQueue, maxWorkers } = this.#options
    // Requests for which a worker can still be booted are not queued, they are being served.
    const served = Math.max(0, maxWorkers - this.#alive.size)
    if (this.#queue.length - served < maxQueue) return
    const message = `All ${maxWorkers} workers are busy and ${maxQueue} requests wait. Try again soon.`
    const refusal = new TurnError('queue_full', message, { retryAfterS: QUEUE_RETRY_AFTER_S })
    if (!this.#queue.displaceFor(client, refusal)) throw refusal
  }

  #room(): number {
    return this.#options.maxWorkers - this.#alive.size - this.#boots.size
  }

  /** Boots what is missing: at once for requests that wait, later for those still to come. */
  #fill(): void {
    if (this.#closed) return
    // More boots than cores at a time only make the first of them later.
    const needed = Math.min(this.#queue.length, this.#starts.maxAtOnce)
    const parallel = Math.min(needed, availableParallelism())
    while (this.#room() > 0 && this.#boots.size < parallel) this.#boot(ANY)
    if (needed > 0) return this.#makeRoom(needed, 'request')

    const wanted = this.#options.wanted()
    const index = this.#ready.firstMissing(wanted, [...this.#boots.values()])
    const missing = wanted[index]
    if (!missing || this.#settling > 0 || this.#boots.size > 0) return
    if (this.#room() > 0) {
      const waitMs = Math.max(this.#starts.waitMs, this.#losses.waitMs)
      return waitMs === 0 ? this.#boot(missing) : this.#fillIn(waitMs)
    }
    const first = wanted.slice(0, index + 1)
    // Workers for whatever comes stand first in the list; what comes after them is a guess.
    const isGuess = first.some((purpose) => purpose.for !== 'any')
    this.#makeRoom(1, isGuess ? 'guess' : 'refill', first)
  }

  /** Ends what is not wanted any more. */
  #tidy(): void {
    const wanted = this.#options.wanted()
    for (let worker; (worker = this.#ready.takeSurplus(wanted));) void this.retire(worker)
    this.#fill()
  }

  /** Ends ready workers that are not for one of the purposes in `keep`, then kept ones. */
  #makeRoom(places: number, beneficiary: Beneficiary, keep: readonly Purpose[] = []): void {
    const coming = () => this.#boots.size + this.#room() + this.#ending.size
    while (coming() < places) {
      // Nobody's conversation is lost with a worker that has none.
      const worker = this.#ready.takeSurplus(keep) ?? this.#options.giveUp(beneficiary)
      if (!worker) return
      void this.retire(worker)
    }
  }

  #fillIn(ms: number): void {
    clearTimeout(this.#refillTimer)
    this.#refillTimer = setTimeout(() => this.#fill(), ms)
  }

  #boot(purpose: Purpose): void {
    const boot = this.#bootOne(purpose).finally(() => {
      this.#boots.delete(boot)
      this.#fill()
    })
    this.#boots.set(boot, purpose)
  }

  async #bootOne(purpose: Purpose): Promise<void> {
    const start = this.#starts.begin()
    try {
      const worker = await this.#options.boot(purpose)
      this.#alive.add(worker)
      // One that waits for a long history has not said yet.
      if (worker.models.length > 0) this.#models = worker.models
      void worker.exited.then((exit) => this.#gone(worker, exit))
      // Any other may have said nothing yet.
      if (purpose.for === 'any') this.#starts.succeed()
      this.#offer(worker, purpose)
    } catch (error) {
      this.#failed(purpose, error, start)
    }
  }

  #failed(purpose: Purpose, error: unknown, start: Start): void {
    // Requests wait for a worker that is ready for anything; a guess may be at fault itself.
    const isGuess = purpose.for !== 'any'
    if (isGuess) this.#losses.fail()
    const reason = isGuess ? undefined : this.#starts.fail(error, start)
    const { failures, waitMs } = isGuess ? this.#losses : this.#starts
    const fields = { error, failures, nextTryMs: Math.ceil(waitMs) }
    this.#options.log.error('A worker could not be started.', fields)
    if (reason) this.#queue.failAll(reason)
  }

  #offer(worker: Worker, purpose: Purpose): void {
    if (this.#closed || (purpose.for === 'any' && this.#queue.give(worker))) return
    this.#ready.put({ worker, purpose })
  }

  #gone(worker: Worker, { code, signal }: Awaited<Worker['exited']>): void {
    const wasEnded = this.#ending.delete(worker)
    this.#alive.delete(worker)
    this.#options.onGone(worker)
    if (this.#ready.forget(worker) && !wasEnded) {
      // Nobody asked it to go: if they all do that, starting them faster does not help.
      this.#losses.fail()
      this.#options.log.warn('A worker ended before it was needed.', { code, signal })
    }
    this.#fill()
  }
}

function shuttingDown(): TurnError {
  return new TurnError(
    'shutting_down',
    'The server is shutting down. Send the request again when it is back.',
    { retryAfterS: 1 },
  )
}
