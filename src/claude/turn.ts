import type { AssistantMessage, RateLimit, StopReason, TurnEvent } from '../conversation/types.ts'
import { clientGone, TurnError, toTurnError } from '../errors.ts'
import type { AnswerRules } from './answer/answer.ts'
import { controlledStream } from './controlled-stream.ts'
import type { CliMessage } from './process/protocol.ts'
import { conformance, type Promised } from './answer/structured-output.ts'
import { TurnTranslator } from './answer/turn-events.ts'
import { type TurnLimits, TurnTimers } from './turn-timers.ts'

/** Events that may wait for a slow reader before the CLI's output is left unread. */
const QUEUE_EVENTS = 64

export type TurnOptions = {
  rules: AnswerRules
  limits: TurnLimits
}

/** One turn as its reader sees it: a stream of events that always ends with `stop` or `error`. */
export class Turn {
  readonly events: ReadableStream<TurnEvent>
  /** Resolves at the first event of the answer; rejects with the error that came instead. */
  readonly started: Promise<void>
  /** Resolves once the CLI has asked the model, or the turn has ended. */
  readonly requested: Promise<void>
  /** Resolves when the last event is out or the reader has gone. */
  readonly finished: Promise<void>
  /** How long the answer may be, if the request says so. */
  readonly maxTokens: number | undefined
  rateLimit: RateLimit | undefined
  wasRequested = false
  /** The CLI may have refused this request only because it was to refuse the next one. */
  mayBeRepeated = false

  readonly #translator: TurnTranslator
  readonly #started = Promise.withResolvers<void>()
  readonly #requested = Promise.withResolvers<void>()
  readonly #finished = Promise.withResolvers<void>()
  readonly #timers: TurnTimers
  readonly #controller: ReadableStreamDefaultController<TurnEvent>
  #demand: PromiseWithResolvers<void> | undefined
  /** Of the answer against the schema it is to fit: what is wrong with it. */
  #check: Promise<TurnError | undefined> | undefined
  /** Events of an answer that must not be believed yet. */
  #held: TurnEvent[] | undefined
  #closed = false
  #hasBegun = false

  constructor({ rules, limits }: TurnOptions) {
    this.#translator = new TurnTranslator(rules)
    this.maxTokens = rules.parameters.maxTokens
    this.started = this.#started.promise
    this.requested = this.#requested.promise
    this.finished = this.#finished.promise
    // A turn that fails before anybody awaits `started` is not an unhandled rejection.
    this.started.catch(() => {})
    this.#timers = new TurnTimers(limits, {
      fail: (error) => this.fail(error),
      isReaderSlow: () => this.#demand !== undefined && (this.#controller.desiredSize ?? 0) <= 0,
    })
    const cancel = () => {
      // What is left in the queue of an ended turn concerns the reader alone.
      if (this.#closed) return
      this.#failed(clientGone())
      this.#close()
    }
    const source = { pull: () => this.#demand?.resolve(), cancel }
    const { stream, controller } = controlledStream<TurnEvent>(source, QUEUE_EVENTS)
    this.events = stream
    this.#controller = controller
  }

  /** See `TurnTranslator.goesOnAlone`. */
  get goesOnAlone(): boolean {
    return this.#translator.goesOnAlone
  }

  /** See `TurnTranslator.spent`. */
  get spent(): boolean {
    return this.#translator.spent
  }

  /** Whether what the CLI prints from now on is not for the reader. */
  get ended(): boolean {
    return this.#closed || this.#translator.ended
  }

  /** How the turn ended, if it ended well and its worker can go on from there. */
  get stopReason(): StopReason | undefined {
    return this.spent ? undefined : this.#stopReason
  }
  #stopReason: StopReason | undefined

  /** What it failed of, if it did. */
  get failure(): TurnError | undefined {
    return this.#failure
  }
  #failure: TurnError | undefined

  /** The answer as a message of the history, once the turn has ended. */
  get message(): AssistantMessage {
    return this.#translator.message
  }

  /** The CLI has sent the request to the model. */
  markRequested(): void {
    this.wasRequested = true
    this.#requested.resolve()
  }

  /** The CLI has refused to ask the model, after it was told to refuse a second request. */
  noteRefused(): void {
    // What has begun is an answer: then it was the second request.
    if (this.#hasBegun) return
    this.wasRequested = false
    this.mayBeRepeated = true
  }

  translate(message: CliMessage): TurnEvent[] {
    if (this.#closed) return []
    this.#timers.noteSign()
    const events = this.#translator.translate(message)
    const { promised } = this.#translator
    if (promised) this.#check ??= this.#startCheck(promised)
    return events
  }

  /** Resolves when the reader has room for more: back-pressure from the client to the CLI. */
  async deliver(events: readonly TurnEvent[]): Promise<void> {
    if (this.#translator.promised && this.#check && events.at(-1)?.type === 'stop') {
      return this.#endChecked(this.#check, events)
    }
    for (const event of events) this.#enqueue(event)
    if (this.#closed || (this.#controller.desiredSize ?? 0) > 0) return
    this.#demand = Promise.withResolvers()
    await this.#demand.promise
    // A reader that was slow is not a CLI that was silent.
    this.#timers.noteSign()
  }

  fail(error: Error): void {
    const events = this.#translator.fail(error)
    // An end that the reader has not got does not count.
    if (this.#held) this.#enqueue({ type: 'error', error })
    else for (const event of events) this.#enqueue(event)
  }

  /**
   * The reader gets nothing before the CLI has agreed to what it was told: else the answer may be to
   * another system prompt, or of another model.
   */
  holdUntil(agreed: Promise<unknown>): void {
    this.#held = []
    const release = () => {
      const events = this.#held ?? []
      this.#held = undefined
      for (const event of events) this.#enqueue(event)
    }
    // If the CLI does not agree, the worker fails the turn.
    agreed.then(release, () => {})
  }

  /** The client has gone, whatever the CLI says. */
  cancel(): void {
    this.#enqueue({ type: 'error', error: clientGone() })
  }

  /**
   * Not at the end: the CLI checks structured output by itself before it prints the end of it, with
   * the same patterns, and may be at it for hours.
   */
  async #startCheck(promised: Promised): Promise<TurnError | undefined> {
    // A thread takes milliseconds to start, and a CLI that is to be killed at its end goes first.
    await Promise.resolve()
    const error = await conformance(promised)
    if (error) this.fail(error)
    return error
  }

  /**
   * The end waits until the answer is known to be what was promised. What the CLI prints meanwhile
   * does not: a further request of its own must be seen at once.
   */
  #endChecked(check: Promise<TurnError | undefined>, events: readonly TurnEvent[]): void {
    for (const event of events.slice(0, -1)) this.#enqueue(event)
    void check.then((error) => {
      const end = error ? [{ type: 'error', error } as const] : events.slice(-1)
      for (const event of end) this.#enqueue(event)
    })
  }

  #enqueue(event: TurnEvent): void {
    if (this.#closed) return
    this.#hasBegun ||= event.type === 'start'
    if (this.#held && event.type !== 'error') {
      this.#held.push(event)
      return
    }
    if (event.type === 'rate_limit') this.rateLimit = event.rateLimit
    else if (event.type === 'error') this.#failed(event.error)
    else this.#start()
    this.#controller.enqueue(event)
    if (event.type !== 'stop' && event.type !== 'error') return
    if (event.type === 'stop') this.#stopReason = event.reason
    this.#controller.close()
    this.#close()
  }

  #failed(error: Error): void {
    this.#failure = toTurnError(error)
    this.#started.reject(error)
  }

  #start(): void {
    this.#timers.noteBegin()
    this.#started.resolve()
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#timers.stop()
    this.#demand?.resolve()
    this.#started.reject(clientGone())
    this.#requested.resolve()
    this.#finished.resolve()
  }
}
