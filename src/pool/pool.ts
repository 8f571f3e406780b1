import { preferForcedCall } from '../conversation/forced-call.ts'
import type { ModelInfo } from '../conversation/models.ts'
import { type Need, needOf } from '../conversation/need.ts'
import type { Conversation, RateLimit, TurnEvent } from '../conversation/types.ts'
import { toTurnError } from '../errors.ts'
import type { Caller } from './caller.ts'
import { Demand } from './demand.ts'
import { FreeWorkers, type TtlMs } from './free-workers.ts'
import { Habits, type Standing } from './habits.ts'
import { ParameterFallbacks } from './parameter-fallbacks.ts'
import { Shares } from './shares.ts'
import type { Acquired, SupplyOptions } from './supply-options.ts'
import { WorkerSupply } from './supply.ts'
import type { Turn, Worker } from './worker.ts'

/** Workers that may die under a request before it reached the model, each replaced silently. */
const MAX_DEATHS = 2
/** How long a boot for later waits for a slow model, once a request is on its way. */
const REFILL_DELAY_MS = 250
/** From the first event of an answer to its first words, with a fast model. */
const FIRST_WORDS_MS = 50
/** Parameters that the model API may refuse, one after another, in one request. */
const MAX_FALLBACKS = 3

export type BootHint = {
  /** The model that most conversations so far were for. */
  usualModel: string | undefined
}

export type PoolOptions = Omit<SupplyOptions, 'boot' | 'free' | 'demand' | 'shares'> & {
  boot: (hint: BootHint) => Promise<Worker>
  /** How long a finished conversation, and one in the midst of a tool call, keeps its worker. */
  ttlMs: TtlMs
  /** Told after each turn that reached the account: whether it found a login. */
  onAnswered?: (loggedIn: boolean) => void
}

/**
 * `warm`: a booted worker was there; `cold`: the request waited for one; `resumed`: the
 * conversation's own worker goes on; `unparked`: it goes on after tool calls; `rewound`: a worker
 * that had heard something else was taken back to what this request shares with it.
 */
export type WorkerOrigin = 'warm' | 'cold' | 'resumed' | 'unparked' | 'rewound'

export type Answer = {
  events: ReadableStream<TurnEvent>
  worker: WorkerOrigin
  /** Parameters that the model refused, left out so that there is an answer. */
  ignored: string[]
}

export type PoolSnapshot = WorkerSupply['counts'] & { rateLimit: RateLimit | undefined }

/** Who answers, and when: the worker that has least left to do for a request. */
export class Pool {
  readonly #options: PoolOptions
  readonly #supply: WorkerSupply
  readonly #shares = new Shares()
  readonly #habits = new Habits()
  readonly #demand = new Demand()
  readonly #fallbacks = new ParameterFallbacks()
  #rateLimit: RateLimit | undefined

  constructor(options: PoolOptions) {
    this.#options = options
    const free = new FreeWorkers({
      ttlMs: options.ttlMs,
      habits: this.#habits,
      maxStanding: options.maxWorkers - options.warmWorkers,
      hasRoom: () => this.#supply.room > 0,
      onExpired: (worker) => void this.#supply.retire(worker),
    })
    this.#supply = new WorkerSupply({
      ...options,
      ...{ free, demand: this.#demand, shares: this.#shares },
      boot: () => options.boot({ usualModel: this.#demand.usualModel }),
    })
  }

  /**
   * Answers a conversation. Resolves at the first event, so that whatever fails before it is an
   * error of the request; when the client goes away, its turn is ended, and the request to the
   * model with it.
   */
  async run(conversation: Conversation, caller: Caller): Promise<Answer> {
    const wanted = preferForcedCall(conversation)
    for (let deaths = 0, fallbacks = 0; ;) {
      const { conversation: asked, dropped } = this.#fallbacks.apply(wanted)
      const need = await needOf(caller.client, asked)
      const { turn, origin } = await this.#start(need, caller)
      try {
        await turn.started
        this.#options.onAnswered?.(true)
        return { events: turn.events, worker: origin, ignored: dropped }
      } catch (error) {
        const { kind } = toTurnError(error)
        if (kind === 'not_logged_in') this.#loggedOut()
        const isUnasked = (kind === 'worker' || turn.mayBeRepeated) && !turn.wasRequested
        const died = isUnasked && deaths++ < MAX_DEATHS
        const again =
          died ||
          (this.#fallbacks.learn(asked, error, this.#options.log) && fallbacks++ < MAX_FALLBACKS)
        if (!again || caller.signal.aborted) throw error
        this.#options.log.warn('Asking again with another worker.', { error })
      }
    }
  }

  /** What the CLI says it can use; waits for the first worker. */
  models(signal: AbortSignal): Promise<readonly ModelInfo[]> {
    return this.#supply.models(signal)
  }

  snapshot(): PoolSnapshot {
    return { ...this.#supply.counts, rateLimit: this.#rateLimit }
  }

  /** Ends every worker and resolves when all are reaped. */
  async close(): Promise<void> {
    await this.#supply.close()
  }

  async #start(need: Need, caller: Caller): Promise<{ turn: Turn; origin: WorkerOrigin }> {
    const { signal } = caller
    this.#habits.note(need)
    this.#demand.noteRequest(need.conversation.model)
    const acquired = await this.#supply.acquire(need, caller)
    const { worker } = acquired
    const startedAt = performance.now()
    const turn = worker.run(need)
    const abort = () => turn.cancel()
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    void this.#supply.holdBack(underWay(turn))
    void turn.finished.then(async () => {
      signal.removeEventListener('abort', abort)
      this.#demand.noteTurn(performance.now() - startedAt)
      this.#rateLimit = turn.rateLimit ?? this.#rateLimit
      this.#shares.end(caller.client)
      const standing = standingOf(need, caller)
      const isReady = await worker.settled
      if (isReady && (!worker.isWorn || this.#habits.isLikely(standing))) {
        this.#supply.release(worker, standing)
      } else await this.#supply.retire(worker)
    })
    return { turn, origin: originOf(acquired) }
  }

  #loggedOut(): void {
    this.#options.onAnswered?.(false)
    this.#supply.retireFree()
  }
}

/** The CLI says that it asks a moment before it does; by the first event it surely has. */
async function underWay(turn: Turn): Promise<void> {
  await turn.requested
  const begun = turn.started.catch(() => {})
  await Promise.race([begun, Bun.sleep(REFILL_DELAY_MS)])
  // Starting a process takes 5 ms in which nothing else is done: the first words go first.
  await Bun.sleep(FIRST_WORDS_MS)
}

function standingOf({ beginning, tools, messages }: Need, { client }: Caller): Standing {
  const question = messages.at(-1)?.digest ?? ''
  return { client, program: `${beginning} ${tools}`, question, length: messages.length + 1 }
}

function originOf({ offer: { how }, waited }: Acquired): WorkerOrigin {
  if (how !== 'pristine') return how
  return waited ? 'cold' : 'warm'
}
