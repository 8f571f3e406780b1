import { collect } from '../dialect/collect.ts'
import type { StopReason, TurnEvent } from '../conversation/types.ts'
import { inputTokens, type Usage } from '../conversation/usage.ts'
import { toTurnError, unfinishedTurn } from '../errors.ts'
import { toErrorBody } from './error.ts'

/** What an answer says at one time. */
type Piece = { text: string; thinking?: string; calls?: Call[] }
type Call = { id: string; function: { name: string; arguments: object } }

/** What chat and generate call a piece. */
export type ToPiece = (piece: Piece) => object

export type AnswerMeta = {
  toPiece: ToPiece
  /** Whether thinking is shown. */
  thinking: boolean
  /** Unix time in milliseconds at which the request came. */
  startedAt: number
  now: () => number
}

const DONE_REASON = {
  end: 'stop',
  stop_sequence: 'stop',
  tool_calls: 'stop',
  length: 'length',
  context_window: 'length',
  // Ollama has no value for a refusal; this is OpenAI's.
  refusal: 'content_filter',
} as const satisfies Record<StopReason, string>

/** Turn events as the lines of an answer; the last one is done, or an error. */
export function toLines(meta: AnswerMeta): TransformStream<TurnEvent, object> {
  const calls = new CallReader()
  const beganAt = meta.now()
  let model = ''
  let ended = false

  const line = (piece: Piece) => toLine(model, meta.now(), meta.toPiece(piece))
  const finished = () => calls.take().map((call) => line({ text: '', calls: [call] }))

  const toLinesOf = (event: TurnEvent): object[] => {
    switch (event.type) {
      case 'start':
        model = event.model
        return []
      case 'text':
        return [line({ text: event.text })]
      case 'thinking':
        return meta.thinking ? [line({ text: '', thinking: event.text })] : []
      case 'tool_call': {
        const before = finished()
        calls.begin(event)
        return before
      }
      case 'tool_arguments':
        calls.add(event.json)
        return []
      case 'next_block':
      case 'rate_limit':
        return []
      case 'stop':
        ended = true
        return [...finished(), toLastLine({ model, ...event }, { text: '' }, beganAt, meta)]
      case 'error':
        ended = true
        return [toErrorBody(toTurnError(event.error))]
      default:
        return event satisfies never
    }
  }

  return new TransformStream({
    transform(event, controller) {
      for (const one of ended ? [] : toLinesOf(event)) controller.enqueue(one)
    },
    flush(controller) {
      if (!ended) controller.enqueue(toErrorBody(unfinishedTurn()))
    },
  })
}

/** A whole turn as one object. */
export async function toWhole(turn: ReadableStream<TurnEvent>, meta: AnswerMeta): Promise<object> {
  const beganAt = meta.now()
  const { model, text, thinking, calls, stopReason: reason, usage } = await collect(turn)
  const made = calls.flatMap((call) => toCall(call) ?? [])
  const piece: Piece = {
    text,
    ...(meta.thinking && thinking !== '' && { thinking }),
    ...(made.length > 0 && { calls: made }),
  }
  return toLastLine({ model, reason, usage }, piece, beganAt, meta)
}

/** A line of an answer that goes on. */
export function toLine(model: string, now: number, piece: object): object {
  return { model, created_at: new Date(now).toISOString(), ...piece, done: false }
}

/** The answer to a request that only loads or unloads a model. */
export function toIdleReply(model: string, now: number, piece: object, keepAlive: unknown): object {
  // Zero in any unit.
  const isOver = keepAlive === 0 || (typeof keepAlive === 'string' && /^0\D*$/.test(keepAlive))
  return {
    ...toLine(model, now, piece),
    ...{ done_reason: isOver ? 'unload' : 'load', done: true },
  }
}

type End = { model: string; reason: StopReason; usage: Usage }

/**
 * Ollama counts in nanoseconds. The time up to the first event, which is spent waiting for a
 * worker and for the model to read, counts as reading: no model is loaded.
 */
function toLastLine(
  { model, reason, usage }: End,
  piece: Piece,
  beganAt: number,
  { startedAt, now, toPiece }: AnswerMeta,
): object {
  const endedAt = now()
  return {
    ...toLine(model, endedAt, toPiece(piece)),
    ...{ done: true, done_reason: DONE_REASON[reason] },
    ...{ total_duration: toNanoseconds(endedAt - startedAt), load_duration: 0 },
    prompt_eval_count: inputTokens(usage),
    prompt_eval_duration: toNanoseconds(beganAt - startedAt),
    eval_count: usage.outputTokens,
    eval_duration: toNanoseconds(endedAt - beganAt),
  }
}

function toNanoseconds(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds * 1e6))
}

type WrittenCall = { id: string; name: string; arguments: string }

/** Collects the arguments of a call, which Ollama sends whole. */
class CallReader {
  #open: WrittenCall | undefined

  begin({ id, name }: Pick<WrittenCall, 'id' | 'name'>): void {
    this.#open = { id, name, arguments: '' }
  }

  add(json: string): void {
    if (this.#open) this.#open.arguments += json
  }

  /** The call whose arguments are complete, if any. */
  take(): Call[] {
    const call = this.#open && toCall(this.#open)
    this.#open = undefined
    return call ? [call] : []
  }
}

/** Arguments that were cut off are not JSON, and `done_reason` is `length`: the call is left out. */
function toCall({ id, name, arguments: json }: WrittenCall): Call | undefined {
  try {
    const input: unknown = JSON.parse(json === '' ? '{}' : json)
    return typeof input === 'object' && input !== null
      ? { id, function: { name, arguments: input } }
      : undefined
  } catch {
    return undefined
  }
}
