import type OpenAI from 'openai'
import { z } from 'zod'

/**
 * The SDK's own types as schemas, as far as this server can fill them. Strict: a key too many is a
 * mistake as well. `parseEvent` and `parseResponse` make the compiler compare them with the types.
 */

const index = z.int().min(0)
const id = z.string().min(1)
const status = z.enum(['in_progress', 'completed', 'incomplete'])

const OutputText = z.strictObject({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.never()),
  logprobs: z.array(z.never()),
})
const Refusal = z.strictObject({ type: z.literal('refusal'), refusal: z.string() })
const Part = z.discriminatedUnion('type', [OutputText, Refusal])
const SummaryText = z.strictObject({ type: z.literal('summary_text'), text: z.string() })

const Item = z.discriminatedUnion('type', [
  z.strictObject({
    ...{ type: z.literal('message'), id: id.startsWith('msg_'), status },
    ...{ role: z.literal('assistant'), content: z.array(Part) },
  }),
  z.strictObject({
    ...{ type: z.literal('function_call'), id: id.startsWith('fc_'), status },
    ...{ call_id: id, name: id, arguments: z.string() },
  }),
  z.strictObject({
    ...{ type: z.literal('reasoning'), id: id.startsWith('rs_'), status },
    summary: z.array(SummaryText),
  }),
])

const Schema = z.record(z.string(), z.unknown())
const NamedFunction = z.strictObject({ type: z.literal('function'), name: id })
const effort = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])

const Response = z.strictObject({
  id: id.startsWith('resp_'),
  object: z.literal('response'),
  created_at: z.int(),
  completed_at: z.int().nullable(),
  status: z.enum(['completed', 'failed', 'in_progress', 'incomplete']),
  background: z.literal(false),
  error: z
    .strictObject({
      code: z.enum(['server_error', 'rate_limit_exceeded', 'invalid_prompt']),
      message: id,
      param: z.string().nullable(),
      type: z.string(),
    })
    .nullable(),
  incomplete_details: z
    .strictObject({ reason: z.enum(['max_output_tokens', 'content_filter']) })
    .nullable(),
  instructions: z.string().nullable(),
  max_output_tokens: z.int().nullable(),
  max_tool_calls: z.null(),
  metadata: z.record(z.string(), z.string()),
  model: id,
  output: z.array(Item),
  output_text: z.string(),
  parallel_tool_calls: z.boolean(),
  previous_response_id: z.string().nullable(),
  prompt_cache_key: z.string().nullable(),
  reasoning: z.strictObject({
    effort: effort.nullable(),
    summary: z.enum(['auto', 'concise', 'detailed']).nullable(),
  }),
  safety_identifier: z.string().nullable(),
  service_tier: z.literal('default'),
  temperature: z.number().nullable(),
  text: z.strictObject({
    format: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('text') }),
      z.strictObject({ type: z.literal('json_object') }),
      z.strictObject({
        ...{ type: z.literal('json_schema'), name: id, schema: Schema, strict: z.boolean() },
        description: z.string().exactOptional(),
      }),
    ]),
    verbosity: z.literal('medium'),
  }),
  tool_choice: z.union([
    z.enum(['none', 'auto', 'required']),
    NamedFunction,
    z.strictObject({
      type: z.literal('allowed_tools'),
      mode: z.enum(['auto', 'required']),
      tools: z.array(NamedFunction),
    }),
  ]),
  tools: z.array(
    z.strictObject({
      ...{ type: z.literal('function'), name: id, description: z.string().nullable() },
      ...{ parameters: Schema.nullable(), strict: z.boolean().nullable() },
    }),
  ),
  top_logprobs: z.literal(0),
  top_p: z.number().nullable(),
  truncation: z.literal('disabled'),
  access_programs: z.null(),
  user: z.string().exactOptional(),
  usage: z
    .strictObject({
      input_tokens: index,
      input_tokens_details: z.strictObject({ cached_tokens: index, cache_write_tokens: index }),
      output_tokens: index,
      output_tokens_details: z.strictObject({ reasoning_tokens: index }),
      total_tokens: index,
    })
    .exactOptional(),
})

const event = <Type extends string, Fields extends z.ZodRawShape>(type: Type, fields: Fields) =>
  z.strictObject({ type: z.literal(type), sequence_number: index, ...fields })
const lifecycle = <Type extends string>(type: Type) => event(type, { response: Response })
const at = { output_index: index, item_id: id }
const inPart = { ...at, content_index: z.literal(0) }
const inSummary = { ...at, summary_index: z.literal(0) }
const logprobs = z.array(z.never())

const Event = z.discriminatedUnion('type', [
  lifecycle('response.created'),
  lifecycle('response.in_progress'),
  lifecycle('response.completed'),
  lifecycle('response.incomplete'),
  lifecycle('response.failed'),
  event('response.output_item.added', { output_index: index, item: Item }),
  event('response.output_item.done', { output_index: index, item: Item }),
  event('response.content_part.added', { ...inPart, part: Part }),
  event('response.content_part.done', { ...inPart, part: Part }),
  event('response.output_text.delta', { ...inPart, delta: id, logprobs }),
  event('response.output_text.done', { ...inPart, text: z.string(), logprobs }),
  event('response.refusal.delta', { ...inPart, delta: id }),
  event('response.refusal.done', { ...inPart, refusal: id }),
  event('response.function_call_arguments.delta', { ...at, delta: id }),
  event('response.function_call_arguments.done', { ...at, arguments: id }),
  event('response.reasoning_summary_part.added', { ...inSummary, part: SummaryText }),
  event('response.reasoning_summary_part.done', { ...inSummary, part: SummaryText }),
  event('response.reasoning_summary_text.delta', { ...inSummary, delta: id }),
  event('response.reasoning_summary_text.done', { ...inSummary, text: id }),
  event('error', {
    ...{ code: z.string().nullable(), message: id, param: z.string().nullable() },
  }),
])
export type ParsedEvent = z.infer<typeof Event>

/** An event as the SDK's types describe it; a mismatch throws. */
export function parseEvent(value: unknown): ParsedEvent {
  const parsed = Event.parse(value)
  parsed satisfies OpenAI.Responses.ResponseStreamEvent
  return parsed
}

/** A response object, plain or stored. */
export function parseResponse(value: unknown): z.infer<typeof Response> {
  const parsed = Response.parse(value)
  parsed satisfies OpenAI.Responses.Response
  return parsed
}
