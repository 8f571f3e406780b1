import type { Usage } from '../../conversation/types.ts'
import type { ErrorKind, TurnError } from '../../errors.ts'
import { toErrorBody } from '../error.ts'
import type { OutputItem } from './output.ts'
import { functionTools, type ResponsesRequest } from './schema.ts'
import { toResponseUsage } from '../usage.ts'

export type ResponseMeta = {
  /** `resp_` and 32 hexadecimal digits, which are also in the ids of its items. */
  id: string
  request: ResponsesRequest
  createdAt: number
  /** The current time in Unix seconds. */
  now: () => number
  /** Whether thinking is shown. */
  reasoning: boolean
}

/** The progress of a response. */
export type ResponseState = {
  status: 'in_progress' | 'completed' | 'incomplete' | 'failed'
  /** Empty until the model has begun. */
  model: string
  output: readonly OutputItem[]
  usage: Usage | undefined
  completedAt: number | null
  incompleteReason: 'max_output_tokens' | 'content_filter' | null
  error: TurnError | undefined
}

export type ResponseObject = ReturnType<typeof toResponse>

/** The response object; complete at every stage. */
export function toResponse(meta: ResponseMeta, state: ResponseState) {
  const { id, request, createdAt } = meta
  const { status, incompleteReason, completedAt, error } = state
  return {
    id,
    object: 'response' as const,
    created_at: createdAt,
    status,
    background: false,
    completed_at: completedAt,
    error: error ? toResponseError(error) : null,
    incomplete_details: incompleteReason && { reason: incompleteReason },
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: null,
    model: state.model || request.model,
    // A copy, so that later changes do not affect what was sent.
    output: structuredClone(state.output),
    // The SDKs' types have this field on every response.
    output_text: toOutputText(state.output),
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: request.previous_response_id || null,
    prompt_cache_key: request.prompt_cache_key ?? null,
    reasoning: toReasoning(request),
    safety_identifier: request.safety_identifier ?? null,
    service_tier: 'default' as const,
    temperature: request.temperature ?? null,
    text: { format: toFormat(request), verbosity: 'medium' as const },
    tool_choice: request.tool_choice ?? ('auto' as const),
    tools: functionTools(request).map((tool) => ({
      ...{ type: tool.type, name: tool.name, description: tool.description ?? null },
      ...{ parameters: tool.parameters ?? null, strict: tool.strict ?? null },
    })),
    top_logprobs: 0,
    top_p: request.top_p ?? null,
    truncation: 'disabled' as const,
    metadata: request.metadata ?? {},
    access_programs: null,
    ...(request.user ? { user: request.user } : {}),
    ...(state.usage && { usage: toResponseUsage(state.usage) }),
  }
}

/** OpenAI stores responses by default. */
export function isStored({ store }: ResponsesRequest): boolean {
  return store ?? true
}

function toReasoning({ reasoning }: ResponsesRequest) {
  const summary = reasoning?.summary ?? reasoning?.generate_summary ?? null
  return { effort: reasoning?.effort ?? null, summary }
}

function toFormat({ text }: ResponsesRequest) {
  const format = text?.format ?? { type: 'text' as const }
  if (format.type !== 'json_schema') return format
  const { type, name, schema, strict, description } = format
  return { type, name, schema, strict: strict ?? false, ...(description && { description }) }
}

function toOutputText(output: readonly OutputItem[]): string {
  return output
    .flatMap((item) => (item.type === 'message' ? item.content : []))
    .map((part) => (part.type === 'output_text' ? part.text : ''))
    .join('')
}

/** OpenAI's list of codes is closed and has few. */
const ERROR_CODE: Partial<Record<ErrorKind, 'rate_limit_exceeded' | 'invalid_prompt'>> = {
  rate_limited: 'rate_limit_exceeded',
  queue_full: 'rate_limit_exceeded',
  invalid_request: 'invalid_prompt',
  context_length_exceeded: 'invalid_prompt',
  extra_usage_required: 'invalid_prompt',
}

function toResponseError(error: TurnError) {
  const { message, param, type } = toErrorBody(error).error
  return { code: ERROR_CODE[error.kind] ?? ('server_error' as const), message, param, type }
}
