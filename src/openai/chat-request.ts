import {
  type Conversation,
  DEFAULT_PARAMETERS,
  type OutputSchema,
  type Parameters,
  type ToolChoice,
  type ToolSpec,
} from '../conversation/types.ts'
import { createImageReader } from '../dialect/image.ts'
import type { RequestOptions } from '../dialect/request-options.ts'
import { TurnError } from '../errors.ts'
import { toMessages, toSystem } from './chat-messages.ts'
import {
  requireTools,
  toEffort,
  toOutputSchema,
  toSampling,
  toStops,
  toToolSpec,
} from './request-parts.ts'
import type { ChatRequest, ChatResponseFormat, ChatToolChoice } from './chat-schema.ts'

/** A chat request as the neutral conversation. */
export function toConversation(request: ChatRequest, options: RequestOptions): Conversation {
  const messages = toMessages(request.messages, createImageReader(options))
  if (messages.at(-1)?.role !== 'user') {
    throw new TurnError(
      'invalid_request',
      "The last message must have role 'user' or 'tool', and content that is not empty.",
      { param: 'messages' },
    )
  }
  const effort = toEffort(request.reasoning_effort)
  const outputSchema = fromResponseFormat(request.response_format)
  return {
    model: options.model,
    system: toSystem(request.messages),
    messages,
    tools: toTools(request),
    ...(effort && { effort }),
    ...(outputSchema && { outputSchema }),
    parameters: toParameters(request, options),
  }
}

/** Legacy functions are tools of which one may be called at a time. */
function toTools({ tools, functions, tool_choice }: ChatRequest): ToolSpec[] {
  const specs = [
    ...(tools ?? []).flatMap((tool) => ('function' in tool ? [tool.function] : [])),
    ...(functions ?? []),
  ]
  const all = specs.map(toToolSpec)
  if (typeof tool_choice !== 'object' || tool_choice?.type !== 'allowed_tools') return all
  const allowed = new Set(tool_choice.allowed_tools.tools.map((tool) => tool.function.name))
  return all.filter(({ name }) => allowed.has(name))
}

function toParameters(request: ChatRequest, { sampling }: RequestOptions): Parameters {
  const { max_completion_tokens, max_tokens, stop } = request
  const maxTokens = max_completion_tokens ?? max_tokens
  return {
    ...DEFAULT_PARAMETERS,
    toolChoice: toToolChoice(request),
    parallelToolCalls: !request.functions && (request.parallel_tool_calls ?? true),
    ...(maxTokens && { maxTokens }),
    ...toStops(stop),
    ...toSampling(request, sampling),
  }
}

function toToolChoice(request: ChatRequest): ToolChoice {
  const { tool_choice: choice, function_call: call } = request
  return requireTools(fromChoice(choice ?? fromFunctionCall(call) ?? 'auto'), toTools(request))
}

function fromFunctionCall(call: ChatRequest['function_call']): ChatToolChoice | null | undefined {
  return typeof call === 'object' && call ? { type: 'function', function: call } : call
}

function fromChoice(choice: ChatToolChoice): ToolChoice {
  if (typeof choice === 'string') return { type: choice }
  switch (choice.type) {
    case 'function':
      return { type: 'tool', name: choice.function.name }
    case 'allowed_tools':
      return { type: choice.allowed_tools.mode }
    default:
      return choice satisfies never
  }
}

function fromResponseFormat(
  format: ChatResponseFormat | null | undefined,
): OutputSchema | undefined {
  const param = 'response_format.json_schema.schema'
  if (format?.type !== 'json_schema') return toOutputSchema(format, param)
  const { schema, strict } = format.json_schema
  return toOutputSchema({ type: 'json_schema', schema, strict }, param)
}
