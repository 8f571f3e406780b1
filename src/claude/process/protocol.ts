/**
 * What the CLI prints with `--output-format stream-json --verbose --include-partial-messages`: one
 * JSON object per line. Every `control_request` must be answered, or the CLI waits for ever. Only
 * the fields in use are described, so that a newer CLI may add others.
 */
import { z } from 'zod'
import { TurnError } from '../../errors.ts'

const count = z.number().nullish()

export const ApiUsage = z.object({
  input_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  output_tokens: count,
  output_tokens_details: z.object({ thinking_tokens: count }).nullish(),
})
export type ApiUsage = z.infer<typeof ApiUsage>

const ContentBlock = z.object({
  type: z.string(),
  text: z.string().optional(),
  thinking: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  input: z.unknown().optional(),
})

const Delta = z.object({
  type: z.string(),
  text: z.string().optional(),
  thinking: z.string().optional(),
  partial_json: z.string().optional(),
})

/** An event of the Messages API's own stream, passed on by the CLI. */
const StreamEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('message_start'),
    message: z.object({ id: z.string(), model: z.string(), usage: ApiUsage }),
  }),
  z.object({
    type: z.literal('content_block_start'),
    index: z.number(),
    content_block: ContentBlock,
  }),
  z.object({ type: z.literal('content_block_delta'), index: z.number(), delta: Delta }),
  z.object({ type: z.literal('content_block_stop'), index: z.number() }),
  z.object({
    type: z.literal('message_delta'),
    delta: z.object({ stop_reason: z.string().nullish(), stop_sequence: z.string().nullish() }),
    usage: ApiUsage.nullish(),
  }),
  z.object({ type: z.literal('message_stop') }),
])
export type StreamEvent = z.infer<typeof StreamEvent>

const RateLimitInfo = z.object({
  status: z.string(),
  resetsAt: z.number().nullish(),
  rateLimitType: z.string().nullish(),
  utilization: z.number().nullish(),
})
export type RateLimitInfo = z.infer<typeof RateLimitInfo>

const CliMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('stream_event'),
    event: StreamEvent,
    /** On a `message_stop` that the CLI wrote itself: blocks from this index on are abandoned. */
    abandoned_blocks: z.object({ from_block_index: z.number() }).nullish(),
  }),
  z.object({
    type: z.literal('assistant'),
    message: z.object({
      id: z.string(),
      model: z.string(),
      content: z.array(ContentBlock),
      stop_reason: z.string().nullish(),
      stop_sequence: z.string().nullish(),
      usage: ApiUsage.nullish(),
    }),
    error: z.string().nullish(),
  }),
  z.object({
    type: z.literal('result'),
    subtype: z.string(),
    is_error: z.boolean(),
    num_turns: z.number().nullish(),
    result: z.string().nullish(),
    stop_reason: z.string().nullish(),
    api_error_status: z.number().nullish(),
    terminal_reason: z.string().nullish(),
    usage: ApiUsage.nullish(),
  }),
  z.object({
    type: z.literal('user'),
    message: z.object({
      content: z.union([
        z.string(),
        z.array(z.object({ type: z.string(), tool_use_id: z.string().optional() })),
      ]),
    }),
  }),
  z.object({
    type: z.literal('system'),
    subtype: z.string(),
    status: z.string().nullish(),
    /** On subtype `thinking_tokens`: tokens since the last message. */
    estimated_tokens_delta: count,
    // On `init`, before each turn. If its form is unknown, it is ignored, and the rest still
    // counts.
    tools: z.array(z.string()).optional().catch(undefined),
    model: z.string().optional().catch(undefined),
  }),
  z.object({ type: z.literal('rate_limit_event'), rate_limit_info: RateLimitInfo }),
  z.object({
    type: z.literal('control_response'),
    response: z.object({
      subtype: z.string(),
      request_id: z.string(),
      response: z.unknown().optional(),
      error: z.string().optional(),
    }),
  }),
  z.object({
    type: z.literal('control_request'),
    request_id: z.string(),
    request: z.looseObject({ subtype: z.string() }),
  }),
])
export type CliMessage = z.infer<typeof CliMessage>
export type ResultMessage = Extract<CliMessage, { type: 'result' }>
export type AssistantMessage = Extract<CliMessage, { type: 'assistant' }>

/** The CLI refused by itself to ask the model: it was told to, or the prompt is too long for it. */
export function isLocalRefusal({ terminal_reason }: ResultMessage): boolean {
  return terminal_reason === 'blocking_limit'
}

/** The start of a message inside a line: another program's output broke the line. */
const BROKEN = /\{"type" ?: ?"/

/** Whether a line that is not JSON contains a message. Then part of an answer may be lost. */
export function isBrokenMessage(line: string): boolean {
  return BROKEN.test(line)
}

/** Events that change the answer if they are lost. */
const EVENTS: ReadonlySet<unknown> = new Set(
  StreamEvent.options.map((event) => event.shape.type.value),
)
const Event = z.object({ type: z.literal('stream_event'), event: z.object({ type: z.string() }) })

/**
 * Parses a message. Undefined for a type, event or form that is not used here. Throws if part of an
 * answer would be lost, because a short answer must not look complete.
 */
export function parseCliMessage(value: unknown): CliMessage | undefined {
  const parsed = CliMessage.safeParse(value)
  if (parsed.success) return parsed.data
  const type = Event.safeParse(value).data?.event.type
  if (type === undefined || !EVENTS.has(type)) return undefined
  throw unreadable(`a '${type}'`)
}

export function unreadable(what: string): TurnError {
  return new TurnError('worker', `The CLI printed ${what} that cannot be read.`)
}

/** One model, as in the responses to `list_models` and `initialize`. */
const CliModel = z.object({
  value: z.string(),
  resolvedModel: z.string().optional(),
  displayName: z.string().optional(),
  supportsEffort: z.boolean().optional(),
  supportedEffortLevels: z.array(z.string()).optional(),
})

/** The response to `list_models`. */
export const ModelList = z.object({ models: z.array(CliModel) })
