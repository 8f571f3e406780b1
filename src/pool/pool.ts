import { preferForcedCall } from '../conversation/forced-call.ts'
import type { ModelInfo } from '../conversation/models.ts'
import type { Conversation, RateLimit, TurnEvent } from '../conversation/types.ts'
import { toolResults } from '../conversation/tool-calls.ts'
import { toTurnError } from '../errors.ts'
import { affinityKey } from './affinity.ts'
import type { Caller } from './caller.ts'
import { Forecast, isForeseeable, type Purpose } from './forecast.ts'
import { type KeptState, KeptWorkers } from './kept-workers.ts'
import { ParameterFallbacks } from './parameter-fallbacks.ts'
import { Shares } from './shares.ts'
import type { Beneficiary, SupplyOptions } from './supply-options.ts'
import { type Acquired, WorkerSupply } from './supply.ts'
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

export type PoolOptions = Omit<
  SupplyOptions,
  'boot' | 'wanted' | 'giveUp' | 'onGone' | 'shares'
> & {
  boot: (purpose: Purpose, hint: BootHint) => Promise<Worker>
  /** Pristine workers kept booted whatever comes; none means that none is booted ahead. */
  warmWorkers: number
  /** How long a finished conversation, and one in the midst of a tool call, keeps its worker. */
  ttlMs: Record<KeptState, number>
  /** Told after each turn that reached the account: whether it found a login. */
  onAnswered?: (loggedIn: boolean) => void
}

/**
 * `warm`: a booted worker was there; `cold`: the request waited for one; `resumed`: the
 * conversation's own worker goes on; `unparked`: it goes on after tool calls.
 */
export type WorkerOrigin = Acquired['origin'] | 'resumed' | 'unparked'

export type Answer = {
  events: ReadableStream<TurnEvent>
  worker: WorkerOrigin
  /** Parameters that the model refused, left out so that there is an answer. */
  ignored: string[]
}

export type PoolSnapshot = WorkerSupply['counts'] & {
  idle: number
  parked: number
  rateLimit: RateLimit | undefined
}

/** Who answers, and when: the worker of a conversation that goes on, or a new one. */
export class Pool {
  readonly #options: PoolOptions
  readonly #supply: WorkerSupply
  readonly #kept: KeptWorkers
  readonly #shares = new Shares()
  readonly #fallbacks = new ParameterFallbacks()
  #rateLimit: RateLimit | undefined
  readonly #forecast = new Forecast()

  constructor(options: PoolOptions) {
    this.#options = options
    this.#kept = new KeptWorkers({
      ttlMs: options.ttlMs,
      onExpired: (worker) => void this.#supply.retire(worker),
    })
    this.#supply = new WorkerSupply({
      ...options,
      shares: this.#shares,
      boot: (purpose) => options.boot(purpose, { usualModel: this.#forecast.usualModel }),
      wanted: () => this.#forecast.wanted({ floor: options.warmWorkers, most: options.maxWorkers }),
      giveUp: (beneficiary) => this.#giveUp(beneficiary),
      onGone: (worker) => this.#kept.forget(worker),
    })
  }

  /**
   * Answers a conversation. Resolves at the first event, so that whatever fails before it is an
   * error of the request; when the client goes away, its worker is ended, and the request to the
   * model with it.
   */
  async run(conversation: Conversation, caller: Caller): Promise<Answer> {
    const wanted = preferForcedCall(conversation)
    for (let deaths = 0, fallbacks = 0; ;) {
      const { conversation: asked, dropped } = this.#fallbacks.apply(wanted)
      const { turn, origin } = await this.#start(asked, caller)
      try {
        await turn.started
        this.#options.onAnswered?.(true)
        return { events: turn.events, worker: origin, ignored: dropped }
      } catch (error) {
        const { kind } = toTurnError(error)
        if (kind === 'not_logged_in') this.#loggedOut()
        const died = kind === 'worker' && !turn.wasRequested && deaths++ < MAX_DEATHS
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
    return {
      ...this.#supply.counts,
      idle: this.#kept.count('idle'),
      parked: this.#kept.count('parked'),
      rateLimit: this.#rateLimit,
    }
  }

  /** Ends every worker and resolves when all are reaped. */
  async close(): Promise<void> {
    while (this.#kept.takeOldest()) {
      // Only their timers must go; the supply ends every worker.
    }
    await this.#supply.close()
  }

  async #start(conversation: Conversation, caller: Caller) {
    const { client, signal } = caller
    const own = this.#takeOwn(client, conversation)
    // To know a large conversation again takes as long as to send it: others have a turn between.
    if (!isForeseeable(conversation)) await new Promise(setImmediate)
    if (own) this.#shares.begin(client)
    else this.#forecast.note(client, conversation)
    const { worker, origin } = own ?? (await this.#supply.acquire(caller, conversation))
    const turn = begin(worker, origin, conversation)
    const abort = () => void this.#supply.retire(worker)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    void this.#supply.holdBack(underWay(turn))
    void turn.finished.then(() => {
      signal.removeEventListener('abort', abort)
      this.#rateLimit = turn.rateLimit ?? this.#rateLimit
      this.#shares.end(client)
      this.#keepOrRetire(worker, turn, { client, conversation })
    })
    return { turn, origin }
  }

  /** The worker that stopped exactly where this request goes on, if it still waits there. */
  #takeOwn(
    client: string,
    conversation: Conversation,
  ): { worker: Worker; origin: WorkerOrigin } | undefined {
    const state = toolResults(conversation).length > 0 ? 'parked' : 'idle'
    const key = affinityKey(client, state, conversation, conversation.messages.slice(0, -1))
    const worker = this.#kept.take(state, key)
    if (worker && state === 'parked' && !worker.takesResults(conversation)) {
      // The conversation has gone past the calls on which it waits.
      void this.#supply.retire(worker)
      return undefined
    }
    return worker && { worker, origin: state === 'idle' ? 'resumed' : 'unparked' }
  }

  /** Of the workers that stay with their conversations, the one least likely to be missed. */
  #giveUp(beneficiary: Beneficiary): Worker | undefined {
    if (beneficiary === 'request') return this.#kept.takeOldest(['idle', 'parked'])
    // What a client has is worth more than a guess, but for the oldest of many.
    const mustKeep = this.#kept.count('idle') <= this.#options.warmWorkers
    if (beneficiary === 'guess' && mustKeep) return undefined
    return this.#kept.takeOldest(['idle'])
  }

  #keepOrRetire(
    worker: Worker,
    turn: Turn,
    { client, conversation }: { client: string; conversation: Conversation },
  ): void {
    const { stopReason } = turn
    if (stopReason === undefined) return void this.#supply.retire(worker)
    const state = stopReason === 'tool_calls' ? 'parked' : 'idle'
    const messages = [...conversation.messages, turn.message]
    const key = affinityKey(client, state, conversation, messages)
    this.#kept.keep(worker, { client, state, key })
    this.#supply.noteKept()
  }

  #loggedOut(): void {
    this.#options.onAnswered?.(false)
    this.#supply.retirePristine()
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

function begin(worker: Worker, origin: WorkerOrigin, conversation: Conversation): Turn {
  if (origin === 'resumed') return worker.continue(conversation)
  if (origin === 'unparked') return worker.resume(conversation)
  return worker.run(conversation)
}
