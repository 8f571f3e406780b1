import type {
  AssistantMessage,
  RateLimit,
  StopReason,
  TurnEvent,
  Usage,
} from '../../conversation/types.ts'
import { TurnError } from '../../errors.ts'
import { BlankStops } from './stops/blank-stops.ts'
import { brokenOff, toFailure, toRateLimit } from './failure.ts'
import { toStopReason } from './stops/stop-reason.ts'
import {
  isLocalRefusal,
  type ApiUsage,
  type AssistantMessage as WholeMessage,
  type CliMessage,
  type ResultMessage,
  type StreamEvent,
} from '../process/protocol.ts'
import { Answer, type AnswerRules } from './answer.ts'
import { StreamedBlocks } from './streamed-blocks.ts'
import type { Promised } from './structured-output.ts'
import { estimateUsage, mergeUsage, toUsage } from './usage.ts'

/** Stop reasons after which the CLI asks the model to continue. */
const CONTINUED: readonly StopReason[] = ['length', 'context_window', 'refusal']

/** The model name that the CLI gives to messages it wrote itself. */
const SYNTHETIC = '<synthetic>'

/**
 * Translates the CLI's output during one turn into events: also repeated attempts, answers that
 * come whole instead of streamed, and errors in the form of answers.
 */
export class TurnTranslator {
  readonly #answer: Answer
  readonly #blankStops: BlankStops
  readonly #streamed = new StreamedBlocks()
  readonly #now: () => number
  #usage: ApiUsage = {}
  #thinkingTokens = 0
  #streamedId: string | undefined
  #started = false
  #isRequested = false
  #category: string | undefined
  #rateLimit: RateLimit | undefined
  #ended = false

  constructor(rules: AnswerRules, now: () => number = Date.now) {
    this.#answer = new Answer(rules)
    this.#blankStops = new BlankStops(rules.parameters.stopSequences)
    this.#now = now
  }

  /** Whether the client has got the stop or error event. Later output is not sent. */
  get ended(): boolean {
    return this.#ended
  }

  /**
   * Whether the CLI would ask the model again after this end: it does so after a cut-off, refused
   * or empty answer, and after a stream without an end. The client asked for one answer, so the
   * process must be killed.
   */
  get goesOnAlone(): boolean {
    return this.#goesOnAlone
  }
  #goesOnAlone = false
  /** The client has its end, and the model writes on. */
  #isCut = false

  /** See `Answer.promised`. */
  get promised(): Promised | undefined {
    return this.#answer.promised
  }

  /**
   * Whether the worker cannot be used again: it asks the model by itself, or its history differs.
   */
  get spent(): boolean {
    return this.#goesOnAlone || this.#isCut || this.#answer.differs
  }

  /** The answer as a message of the history, once the turn has ended. */
  get message(): AssistantMessage {
    return this.#answer.message
  }

  translate(message: CliMessage): TurnEvent[] {
    if (this.#ended) return []
    try {
      return this.#untilBlankStop(this.#translate(message))
    } catch (error) {
      // It is unknown what the CLI does with such an answer, so it must not go on.
      this.#goesOnAlone = true
      return this.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Ends the turn with an error, unless it has ended already. */
  fail(error: Error): TurnEvent[] {
    if (this.#ended) return []
    this.#ended = true
    return [{ type: 'error', error }]
  }

  /** Ends the turn at a stop sequence of white space, whatever the model writes behind it. */
  #untilBlankStop(events: readonly TurnEvent[]): TurnEvent[] {
    const { events: out, hit } = this.#blankStops.cut(events)
    if (hit === undefined) return out
    this.#ended = true
    this.#isCut = true
    const usage = this.#usageUntilNow(events)
    return [...out, { type: 'stop', reason: 'stop_sequence', stopSequence: hit, usage }]
  }

  /** If all the text was held back until the end, the model API's own count is known. */
  #usageUntilNow(events: readonly TurnEvent[]): Usage {
    const counted = events.flatMap((event) => (event.type === 'stop' ? [event.usage] : []))
    const received = { blocks: this.#answer.blocks, thinkingTokens: this.#thinkingTokens }
    return counted[0] ?? estimateUsage(this.#usage, received)
  }

  #translate(message: CliMessage): TurnEvent[] {
    switch (message.type) {
      case 'stream_event':
        return this.#streamEvent(message.event, message.abandoned_blocks?.from_block_index)
      case 'system':
        this.#thinkingTokens += message.estimated_tokens_delta ?? 0
        if (message.status !== 'requesting') return []
        this.#isRequested = true
        // A second request in a turn would continue an answer that has no end.
        return this.#started ? this.#breakOff() : []
      case 'assistant':
        return this.#assistant(message)
      case 'result':
        return this.#result(message)
      case 'rate_limit_event':
        this.#rateLimit = toRateLimit(message.rate_limit_info)
        return [{ type: 'rate_limit', rateLimit: this.#rateLimit }]
      default:
        return []
    }
  }

  #streamEvent(event: StreamEvent, abandonedFrom: number | undefined): TurnEvent[] {
    switch (event.type) {
      case 'message_start':
        this.#streamedId = event.message.id
        this.#streamed.beginMessage()
        this.#usage = event.message.usage
        return this.#begin(event.message)
      case 'content_block_start': {
        this.#streamed.begin(event.content_block)
        const { text, thinking, ...block } = event.content_block
        return this.#answer.beginBlock({ ...block, text: text ?? thinking ?? '' })
      }
      case 'content_block_delta':
        return this.#answer.piece(this.#streamed.piece(event.delta))
      case 'content_block_stop':
        return this.#answer.endBlock()
      case 'message_delta':
        this.#usage = mergeUsage(this.#usage, event.usage)
        if (!event.delta.stop_reason) return []
        return this.#stop(event.delta.stop_reason, event.delta.stop_sequence)
      case 'message_stop':
        // A client may send a result before the CLI has printed the end of the message with the
        // call.
        return this.#started ? this.#messageStop(abandonedFrom) : []
      default:
        return event satisfies never
    }
  }

  /**
   * Whole messages repeat what was streamed, except the CLI's own messages and its non-streaming
   * fallback.
   */
  #assistant({ message, error }: WholeMessage): TurnEvent[] {
    if (error || message.model === SYNTHETIC) {
      this.#category = error ?? this.#category
      return []
    }
    if (message.id === this.#streamedId) {
      this.#streamed.confirm(message.content)
      this.#answer.noteWhole()
      return []
    }
    this.#streamed.beginMessage()
    this.#usage = mergeUsage(this.#usage, message.usage)
    const events = this.#begin(message)
    for (const { text, thinking, input, ...block } of message.content) {
      const whole = text ?? thinking ?? (input === undefined ? '' : JSON.stringify(input))
      events.push(...this.#answer.beginBlock({ ...block, text: whole }), ...this.#answer.endBlock())
    }
    if (!message.stop_reason) return events
    return [...events, ...this.#stop(message.stop_reason, message.stop_sequence)]
  }

  #result(result: ResultMessage): TurnEvent[] {
    // The CLI refused the second request of this turn.
    if (isLocalRefusal(result) && this.#started) return this.#breakOff()
    if (result.is_error || result.subtype !== 'success') {
      const facts = { result, category: this.#category, rateLimit: this.#rateLimit }
      return this.fail(toFailure({ ...facts, nowMs: this.#now() }))
    }
    if (!this.#started) {
      if (this.#isRequested) throw new TurnError('worker', 'The CLI printed no answer.')
      const message = 'The CLI ended the turn without asking the model: the message has no text.'
      return this.fail(new TurnError('invalid_request', message, { param: 'messages' }))
    }
    if (result.stop_reason === null) return this.#breakOff()
    this.#usage = mergeUsage(this.#usage, result.usage)
    return this.#stop(result.stop_reason ?? 'end_turn', undefined)
  }

  #begin({ id, model }: { id: string; model: string }): TurnEvent[] {
    this.#answer.beginMessage()
    if (this.#started) return []
    this.#started = true
    return [{ type: 'start', id, model, usage: toUsage(this.#usage) }]
  }

  /**
   * A message without a stop reason is incomplete. If nothing of it can be used, the CLI asks again
   * (`--upstream-retries`) or reports the failure. Otherwise it would ask the model to continue the
   * text, or wait for the results of calls that the client does not know.
   */
  #messageStop(abandonedFrom: number | undefined): TurnEvent[] {
    // The end of the answer before this turn: a client may send the next request at the stop event.
    if (this.#streamedId === undefined) return []
    const isReported = this.#category !== undefined
    const isUseless = abandonedFrom !== undefined && !this.#answer.hasContent(abandonedFrom)
    return isReported || isUseless ? [] : this.#breakOff()
  }

  #breakOff(): TurnEvent[] {
    this.#goesOnAlone = true
    return this.fail(brokenOff())
  }

  #stop(apiReason: string, stopSequence: string | null | undefined): TurnEvent[] {
    this.#streamed.end()
    const { events, reason } = this.#answer.end(toStopReason(apiReason))
    this.#ended = true
    this.#goesOnAlone = CONTINUED.includes(reason) || this.#answer.isWanting
    const usage = toUsage(this.#usage)
    return [...events, { type: 'stop', reason, stopSequence: stopSequence ?? undefined, usage }]
  }
}
