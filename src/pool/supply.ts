import { availableParallelism } from 'node:os'
import type { ModelInfo } from '../conversation/models.ts'
import type { Need } from '../conversation/need.ts'
import { shuttingDown } from '../errors.ts'
import { Backoff } from './backoff.ts'
import { Boots } from './boots.ts'
import type { Caller } from './caller.ts'
import { CALM_MS } from './demand.ts'
import type { Standing } from './habits.ts'
import { type QueueLimits, WaitQueue, type WaitOptions } from './queue.ts'
import type { Acquired, SupplyOptions } from './supply-options.ts'
import type { Worker } from './worker.ts'

/** How often it is looked whether what waits is still wanted. */
const TIDY_MS = 15_000
/** What was booted ahead and is lost once in this time was an accident. */
const FORGET_MS = 60_000
/** So long a request waits for a worker that is busy, if that is likely to be the quicker. */
const PATIENCE_MS = 500
/** Who asks for what is the same for all. */
const NOBODY = ''

/** The processes: booted ahead, handed out in fair shares, taken back, counted until reaped. */
export class WorkerSupply {
  readonly #options: SupplyOptions
  /** Every process that has not been reaped, whatever its state. */
  readonly #alive = new Set<Worker>()
  readonly #ending = new Set<Worker>()
  readonly #busy = new Set<Worker>()
  readonly #queue: WaitQueue<Worker>
  readonly #boots: Boots
  /** Workers lost before anybody needed them: no reason to refuse a request. */
  readonly #losses: Backoff
  /** Turns on their way to the model: a boot for later must not take CPU from them. */
  #settling = 0
  #models: readonly ModelInfo[] | undefined
  #refillTimer: ReturnType<typeof setTimeout> | undefined
  readonly #tidyTimer = setInterval(() => this.#tidy(), TIDY_MS)
  #closed = false

  constructor(options: SupplyOptions) {
    this.#options = options
    this.#queue = new WaitQueue(options.shares)
    this.#boots = new Boots(options, {
      onBooted: (worker) => this.#booted(worker),
      onRefused: (reason) => this.#queue.failAll(reason),
      onSettled: () => this.#fill(),
    })
    this.#losses = new Backoff({ ...options.backoff, forgetMs: FORGET_MS })
    this.#fill()
  }

  /** How many workers could be booted now. */
  get room(): number {
    return this.#options.maxWorkers - this.#alive.size - this.#boots.running
  }

  get counts() {
    const { free } = this.#options
    return {
      alive: this.#alive.size,
      booting: this.#boots.running,
      ending: this.#ending.size,
      settling: this.#settling,
      pristine: free.count('pristine'),
      idle: free.count('idle'),
      parked: free.count('parked'),
      queued: this.#queue.length,
      bootFailures: this.#boots.failures,
    }
  }

  /** A worker that can serve this; rejects when none starts, the queue is full or nobody waits. */
  async acquire(need: Need, caller: Caller): Promise<Acquired> {
    if (this.#closed) throw shuttingDown()
    const taken = this.#options.free.take(need)
    if (taken) {
      this.#options.shares.begin(caller.client)
      this.#busy.add(taken.worker)
      return { ...taken, waited: false }
    }
    const worker = await this.#wait(caller, {
      accepts: (one) => one.offer(need) !== undefined,
      timeoutMs: this.#options.queueTimeoutMs,
    })
    this.#busy.add(worker)
    const offer = worker.offer(need)
    if (!offer) throw new Error('A worker was given to a request that it cannot serve.')
    return { worker, offer, waited: true }
  }

  /** A worker whose turn is over; `standing` says where its conversation stands. */
  release(worker: Worker, standing: Standing): void {
    this.#busy.delete(worker)
    if (this.#closed || this.#ending.has(worker) || !this.#alive.has(worker)) return
    if (!this.#queue.give(worker)) this.#options.free.put(worker, standing)
    this.#fill()
  }

  /** What the CLI says it can use; waits for the first worker. */
  async models(signal: AbortSignal): Promise<readonly ModelInfo[]> {
    if (this.#models) return this.#models
    if (this.#closed) throw shuttingDown()
    const worker = await this.#wait({ client: NOBODY, signal })
    this.#options.shares.end(NOBODY)
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

  /** Ends a worker; its place is free when it is reaped. `reason`: why, if it is needed still. */
  async retire(worker: Worker, reason?: Error): Promise<void> {
    this.#busy.delete(worker)
    this.#ending.add(worker)
    await worker.end(reason)
  }

  /** Workers that booted without a login may not notice one that comes later. */
  retireFree(): void {
    for (const worker of this.#options.free.takeAll()) void this.retire(worker)
  }

  /** Ends every worker and resolves when all are reaped. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#refillTimer)
    clearInterval(this.#tidyTimer)
    this.#options.free.takeAll()
    this.#queue.failAll(shuttingDown())
    while (this.#alive.size > 0 || this.#boots.running > 0) {
      await Promise.all([...this.#alive].map((worker) => this.retire(worker, shuttingDown())))
      await this.#boots.settled()
    }
  }

  /** Waits in the queue, and has a worker booted if that is the quicker. */
  #wait(caller: Caller, options?: WaitOptions<Worker>): Promise<Worker> {
    const { refusal } = this.#boots
    if (refusal) throw refusal
    this.#queue.requirePlace(caller.client, this.#limits())
    const waiting = this.#queue.wait(caller, options)
    this.#fill()
    return waiting
  }

  #limits(): QueueLimits {
    const { maxQueue, maxWorkers } = this.#options
    // Requests for which a worker can still be booted are not queued, they are being served.
    return { maxQueue, maxWorkers, served: Math.max(0, maxWorkers - this.#alive.size) }
  }

  /** Boots what is missing: at once for requests that wait, later for those still to come. */
  #fill(): void {
    if (this.#closed) return
    const waiting = this.#waiting()
    // More boots than cores at a time only make the first of them later.
    const needed = Math.min(waiting, this.#boots.maxAtOnce)
    const parallel = Math.min(needed, availableParallelism())
    while (this.room > 0 && this.#boots.running < parallel) this.#boots.begin()
    if (needed > 0) return this.#makeRoom(needed)
    if (this.#queue.length > 0) return this.#fillIn(PATIENCE_MS)

    const { free, demand, warmWorkers } = this.#options
    const pristine = free.count('pristine')
    const missing = demand.pristine(warmWorkers) - pristine - this.#boots.running
    if (missing <= 0 || this.#settling > 0 || this.#boots.running > 0) return
    // A batch of requests needs one pristine worker: a second one can wait until it is over.
    if (pristine > 0 && !demand.isCalm) return this.#fillIn(CALM_MS)
    if (this.room <= 0) return this.#makeRoomAhead()
    const waitMs = Math.max(this.#boots.waitMs, this.#losses.waitMs)
    if (waitMs > 0) this.#fillIn(waitMs)
    else this.#boots.begin()
  }

  /** Requests that wait, but for those whom the workers that are busy now serve before long. */
  #waiting(): number {
    const busy = [...this.#busy]
    let soon = busy.length * this.#options.demand.servedWithinBoot
    return this.#queue.count(({ accepts, waitedMs }) => {
      return waitedMs >= PATIENCE_MS || !busy.some(accepts) || soon-- <= 0
    })
  }

  /** Ends workers until so many can be booted: pristine ones of no use, then kept ones. */
  #makeRoom(places: number): void {
    const { free } = this.#options
    const coming = () => this.#boots.running + this.room + this.#ending.size
    while (coming() < places) {
      // Nobody's conversation is lost with a worker that has none.
      const worker = free.takeOldest(['pristine', 'idle', 'parked'])
      if (!worker) return
      void this.retire(worker)
    }
  }

  /** What a client has is worth more than what may be asked, but for the oldest of many. */
  #makeRoomAhead(): void {
    const { free, warmWorkers } = this.#options
    if (this.#ending.size > 0 || free.count('idle') <= warmWorkers) return
    const worker = free.takeOldest(['idle'])
    if (worker) void this.retire(worker)
  }

  /** On a quiet machine one worker is ready for anything, and one stays with its conversation. */
  #tidy(): void {
    const { free, demand, warmWorkers } = this.#options
    const pristine = free.takeBeyond('pristine', demand.pristine(warmWorkers))
    const idle = demand.isQuiet ? free.takeBeyond('idle', 1) : []
    for (const worker of [...pristine, ...idle]) void this.retire(worker)
    this.#fill()
  }

  #fillIn(ms: number): void {
    clearTimeout(this.#refillTimer)
    this.#refillTimer = setTimeout(() => this.#fill(), ms)
  }

  #booted(worker: Worker): void {
    this.#alive.add(worker)
    this.#models = worker.models
    // It shows that the CLI that is there now can be used, so those of the one before may go.
    for (const worn of this.#options.free.takeWorn()) void this.retire(worn)
    void worker.exited.then((exit) => this.#gone(worker, exit))
    this.#offer(worker)
  }

  #offer(worker: Worker): void {
    if (this.#closed || this.#queue.give(worker)) return
    this.#options.free.putPristine(worker)
  }

  #gone(worker: Worker, { code, signal }: Awaited<Worker['exited']>): void {
    const wasEnded = this.#ending.delete(worker)
    this.#alive.delete(worker)
    this.#busy.delete(worker)
    if (this.#options.free.forget(worker) === 'pristine' && !wasEnded) {
      // Nobody asked it to go: if they all do that, starting them faster does not help.
      this.#losses.fail()
      this.#options.log.warn('A worker ended before it was needed.', { code, signal })
    }
    this.#fill()
  }
}
