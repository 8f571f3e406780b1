import type { StopReason, TurnEvent, Usage } from '../../conversation/types.ts'
import { type TurnError, toTurnError } from '../../errors.ts'
import { toErrorBody } from '../error.ts'
import { type ResponseMeta, type ResponseObject, type ResponseState, toResponse } from './object.ts'
import {
  type ItemEvent,
  type OpenItem,
  openCall,
  openReasoning,
  openRefusal,
  openText,
  REFUSAL,
} from './output.ts'

/** A frame of a streamed response; `type` is also the name of the event. */
export type ResponseEvent = { type: string; sequence_number: number; [key: string]: unknown }

type Outcome = Pick<ResponseState, 'status' | 'incompleteReason'>

const OUTCOME: Record<StopReason, Outcome> = {
  end: { status: 'completed', incompleteReason: null },
  stop_sequence: { status: 'completed', incompleteReason: null },
  tool_calls: { status: 'completed', incompleteReason: null },
  length: { status: 'incomplete', incompleteReason: 'max_output_tokens' },
  // OpenAI has no reason of its own for a full context window.
  context_window: { status: 'incomplete', incompleteReason: 'max_output_tokens' },
  refusal: { status: 'incomplete', incompleteReason: 'content_filter' },
}

/** Writes a response event by event. The response object always matches the events so far. */
export class ResponseWriter {
  readonly #meta: ResponseMeta
  readonly #output: OpenItem['item'][] = []
  #state: Omit<ResponseState, 'output'> = {
    ...{ status: 'in_progress', model: '', incompleteReason: null },
    ...{ usage: undefined, completedAt: null, error: undefined },
  }
  #open: OpenItem | undefined
  #sequence = 0
  #begun = false

  constructor(meta: ResponseMeta) {
    this.#meta = meta
  }

  /** Whether the client has got the first event of the response. */
  get begun(): boolean {
    return this.#begun
  }

  get ended(): boolean {
    return this.#state.status !== 'in_progress'
  }

  get response(): ResponseObject {
    return toResponse(this.#meta, { ...this.#state, output: this.#output })
  }

  translate(event: TurnEvent): ResponseEvent[] {
    switch (event.type) {
      case 'start':
        this.#begun = true
        this.#state.model = event.model
        return [this.#lifecycle('response.created'), this.#lifecycle('response.in_progress')]
      case 'text':
        return this.#write('text', event.text, (n) => openText(this.#itemId('msg', n)))
      case 'thinking':
        // Shown whether or not `summary` asks for it: clients ask depending on the model's name,
        // and do not know these models.
        if (!this.#meta.reasoning) return []
        return this.#write('thinking', event.text, (n) => openReasoning(this.#itemId('rs', n)))
      case 'tool_call':
        return this.#begin((n) => openCall(this.#itemId('fc', n), event))
      case 'tool_arguments':
        return this.#place(this.#open?.write(event.json) ?? [])
      case 'next_block':
      case 'rate_limit':
        return []
      case 'stop':
        return this.#stop(event.reason, event.usage)
      case 'error':
        return this.#fail(toTurnError(event.error))
      default:
        return event satisfies never
    }
  }

  #write(
    kind: OpenItem['kind'],
    piece: string,
    open: (outputIndex: number) => OpenItem,
  ): ResponseEvent[] {
    const begun = this.#open?.kind === kind ? [] : this.#begin(open)
    return [...begun, ...this.#place(this.#open?.write(piece) ?? [])]
  }

  #begin(open: (outputIndex: number) => OpenItem): ResponseEvent[] {
    const ended = this.#endItem('completed')
    this.#open = open(this.#output.length)
    const { item } = this.#open
    this.#output.push(item)
    const added = this.#place([{ type: 'response.output_item.added', item: structuredClone(item) }])
    return [...ended, ...added, ...this.#place(this.#open.begin())]
  }

  #endItem(status: 'completed' | 'incomplete'): ResponseEvent[] {
    if (!this.#open) return []
    const events = this.#open.end()
    const { item } = this.#open
    item.status = status
    const done = { type: 'response.output_item.done', item: structuredClone(item) }
    const placed = this.#place([...events, done])
    this.#open = undefined
    return placed
  }

  #stop(reason: StopReason, usage: Usage): ResponseEvent[] {
    const outcome = OUTCOME[reason]
    const events = this.#endItem(outcome.status === 'completed' ? 'completed' : 'incomplete')
    // Clients look for a message, so an empty one is added if there is no other item.
    const isSilent = !this.#output.some(({ type }) => type !== 'reasoning')
    const open = reason === 'refusal' ? openRefusal : openText
    if (reason === 'refusal' || (isSilent && outcome.status === 'completed')) {
      events.push(...this.#begin((n) => open(this.#itemId('msg', n))))
      if (reason === 'refusal') events.push(...this.#place(this.#open?.write(REFUSAL) ?? []))
      events.push(...this.#endItem('completed'))
    }
    const completedAt = outcome.status === 'completed' ? this.#meta.now() : null
    this.#state = { ...this.#state, ...outcome, usage, completedAt }
    return [...events, this.#lifecycle(`response.${outcome.status}`)]
  }

  /** Before the response began there is none that could fail, so this is an `error` event. */
  #fail(error: TurnError): ResponseEvent[] {
    this.#state = { ...this.#state, status: 'failed', error }
    if (!this.#begun) return [toErrorEvent(error)]
    if (this.#open) this.#open.item.status = 'incomplete'
    return [this.#lifecycle('response.failed')]
  }

  #lifecycle(type: string): ResponseEvent {
    return { type, sequence_number: this.#sequence++, response: this.response }
  }

  /** Adds the place and the numbers to events of the current item. */
  #place(events: readonly ItemEvent[]): ResponseEvent[] {
    const output_index = this.#output.length - 1
    const item_id = this.#open?.item.id
    return events.map((event) => ({
      ...event,
      sequence_number: this.#sequence++,
      output_index,
      // Events with the item itself do not have its id.
      ...('item' in event ? {} : { item_id }),
    }))
  }

  #itemId(prefix: 'msg' | 'rs' | 'fc', outputIndex: number): string {
    return `${prefix}_${this.#meta.id.replace(/^resp_/, '')}_${outputIndex}`
  }
}

/** An error before the response began. */
export function toErrorEvent(error: TurnError): ResponseEvent {
  const { type, code, message, param } = toErrorBody(error).error
  return { type: 'error', sequence_number: 0, code: code ?? type, message, param }
}
