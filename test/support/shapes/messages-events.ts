import type Anthropic from '@anthropic-ai/sdk'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { z } from 'zod'

/**
 * The Messages API's objects as the official SDK's types describe them, one schema for each type
 * and strict in every key. The compiler holds the schemas to the types; `parse` holds the wire to
 * the schemas. One departure: the API leaves `citations` out of a text that has none, and
 * @ai-sdk/anthropic refuses the null that the types speak of.
 */
type TextBlock = Omit<Anthropic.TextBlock, 'citations'>
type Block = TextBlock | Anthropic.ThinkingBlock | Anthropic.ToolUseBlock
type Message = Omit<Anthropic.Message, 'content'> & { content: Block[] }
type Event =
  | Anthropic.RawMessageDeltaEvent
  | Anthropic.RawMessageStopEvent
  | Anthropic.RawContentBlockDeltaEvent
  | Anthropic.RawContentBlockStopEvent
  | (Omit<Anthropic.RawMessageStartEvent, 'message'> & { message: Message })
  | (Omit<Anthropic.RawContentBlockStartEvent, 'content_block'> & { content_block: Block })

const count = z.int().min(0)
const outputDetails = z.strictObject({ thinking_tokens: count }).nullable()
const deltaUsage = {
  input_tokens: count,
  cache_creation_input_tokens: count.nullable(),
  cache_read_input_tokens: count.nullable(),
  output_tokens: count,
  output_tokens_details: outputDetails,
  server_tool_use: z.null(),
}

const contentBlock = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string() }),
  z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
  z.strictObject({
    type: z.literal('tool_use'),
    id: z.string().min(1),
    name: z.string().min(1),
    input: z.record(z.string(), z.unknown()),
    caller: z.strictObject({ type: z.literal('direct') }),
  }),
]) satisfies z.ZodType<Block>

const stopReason = z.enum([
  'end_turn',
  'max_tokens',
  'stop_sequence',
  'tool_use',
  'refusal',
  'model_context_window_exceeded',
])

/** A whole message, or the head of a streamed one. */
export const MessageObject = z.strictObject({
  id: z.string().startsWith('msg_'),
  type: z.literal('message'),
  role: z.literal('assistant'),
  model: z.string().min(1),
  container: z.null(),
  diagnostics: z.null(),
  content: z.array(contentBlock),
  stop_reason: stopReason.nullable(),
  stop_sequence: z.string().nullable(),
  stop_details: z.null(),
  usage: z.strictObject({
    ...deltaUsage,
    cache_creation: z.null(),
    inference_geo: z.null(),
    service_tier: z.null(),
    speed: z.null(),
  }),
}) satisfies z.ZodType<Message>

const delta = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text_delta'), text: z.string().min(1) }),
  z.strictObject({ type: z.literal('thinking_delta'), thinking: z.string().min(1) }),
  z.strictObject({ type: z.literal('input_json_delta'), partial_json: z.string() }),
])

const MessageEvent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('message_start'), message: MessageObject }),
  z.strictObject({
    type: z.literal('content_block_start'),
    index: count,
    content_block: contentBlock,
  }),
  z.strictObject({ type: z.literal('content_block_delta'), index: count, delta }),
  z.strictObject({ type: z.literal('content_block_stop'), index: count }),
  z.strictObject({
    type: z.literal('message_delta'),
    delta: z.strictObject({
      stop_reason: stopReason,
      stop_sequence: z.string().nullable(),
      stop_details: z.null(),
      container: z.null(),
    }),
    usage: z.strictObject(deltaUsage),
  }),
  z.strictObject({ type: z.literal('message_stop') }),
]) satisfies z.ZodType<Event>

const Ping = z.strictObject({ type: z.literal('ping') })

export const ErrorObject = z.strictObject({
  type: z.literal('error'),
  error: z.strictObject({
    type: z.string(),
    message: z.string().min(1),
    details: z.strictObject({ error_code: z.string() }).optional(),
  }),
  request_id: z.string().min(1),
}) satisfies z.ZodType<Omit<Anthropic.ErrorResponse, 'error'>>

const AnyEvent = z.union([MessageEvent, Ping, ErrorObject])
export type AnyEvent = z.infer<typeof AnyEvent>

/** A streamed answer, event by event; each one, its name and its place are checked. */
export function messageEvents(response: Pick<Response, 'body'>): ReadableStream<AnyEvent> {
  if (!response.body) throw new Error('The response has no body.')
  const order = new EventOrder()
  return response.body
    .pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array<ArrayBuffer>, string>)
    .pipeThrough(new EventSourceParserStream())
    .pipeThrough(
      new TransformStream({
        transform({ event: name, data }, controller) {
          const event = AnyEvent.parse(JSON.parse(data))
          if (event.type !== name) throw new Error(`'${event.type}' under the name '${name}'`)
          order.check(event)
          controller.enqueue(event)
        },
        flush: () => order.requireEnd(),
      }),
    )
}

type Place = 'before' | 'between' | 'in' | 'tail' | 'after'

/** The order that the API documents: a head, blocks one after another, a tail. */
class EventOrder {
  #place: Place = 'before'
  #index = 0

  check(event: AnyEvent): void {
    const block = 'index' in event ? event.index : this.#index
    if (block !== this.#index) throw new Error(`${event.type} of ${block}, not ${this.#index}`)
    switch (event.type) {
      case 'message_start':
        return this.#go('before', 'between')
      case 'content_block_start':
        return this.#go('between', 'in')
      case 'content_block_delta':
        return this.#go('in', 'in')
      case 'content_block_stop':
        this.#index++
        return this.#go('in', 'between')
      case 'message_delta':
        return this.#go('between', 'tail')
      case 'message_stop':
        return this.#go('tail', 'after')
      case 'ping':
        if (this.#place === 'before') throw new Error('a ping before the message')
        return
      case 'error':
        this.#place = 'after'
        return
      default:
        event satisfies never
    }
  }

  requireEnd(): void {
    if (this.#place !== 'after') throw new Error(`the stream ended ${this.#place}`)
  }

  #go(from: Place, to: Place): void {
    if (this.#place !== from) throw new Error(`an event for '${from}' came '${this.#place}'`)
    this.#place = to
  }
}
