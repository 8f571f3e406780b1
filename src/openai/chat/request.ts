import {
  type Conversation,
  DEFAULT_PARAMETERS,
  type OutputSchema,
  type Parameters,
  type ToolChoice,
  type ToolSpec,
} from '../../conversation/types.ts'
import { createImageReader } from '../../dialect/images/image.ts'
import type { Remarks } from '../../dialect/remarks.ts'
import type { RequestOptions } from '../../dialect/request-options.ts'
import { toToolSpecs } from '../../dialect/tools/tool-spec.ts'
import { nameTexts } from '../../dialect/texts.ts'
import { TurnError } from '../../errors.ts'
import { toMessages, toSystem } from './messages.ts'
import {
  requireTools,
  toEffort,
  toGiven,
  toOutputSchema,
  toSampling,
  toStops,
} from '../../dialect/request-parts.ts'
import type { ChatRequest, ChatResponseFormat, ChatToolChoice } from './schema.ts'

/** Converts a chat request into the neutral conversation. */
export function toConversation(request: ChatRequest, options: RequestOptions): Conversation {
  const messages = toMessages(request.messages, createImageReader(options), options.remarks)
  nameTexts({ messages: request.messages }, options.remarks)
  if (messages.at(-1)?.role !== 'user') {
    throw new TurnError(
      'invalid_request',
      "The last message must have role 'user' or 'tool', and content that is not empty.",
      { param: 'messages' },
    )
  }
  const tools = toTools(request, options.remarks)
  const effort = toEffort(request.reasoning_effort)
  const outputSchema = fromResponseFormat(request.response_format)
  return {
    model: options.model,
    system: toSystem(request.messages, options.remarks),
    messages,
    tools,
    ...(effort && { effort }),
    ...(outputSchema && { outputSchema }),
    parameters: toParameters(request, tools, options),
  }
}

/** Legacy functions are tools of which one may be called at a time. */
function toTools(request: ChatRequest, remarks: Remarks): ToolSpec[] {
  const { tools, functions, tool_choice } = request
  const given = [
    ...(tools ?? []).flatMap((tool, index) =>
      'function' in tool ? [toGiven(tool.function, `tools[${index}].function`)] : [],
    ),
    ...(functions ?? []).map((spec, index) => toGiven(spec, `functions[${index}]`)),
  ]
  const all = toToolSpecs(given, 'parameters', remarks)
  if (typeof tool_choice !== 'object' || tool_choice?.type !== 'allowed_tools') return all
  const allowed = new Set(tool_choice.allowed_tools.tools.map((tool) => tool.function.name))
  return all.filter(({ name }) => allowed.has(name))
}

function toParameters(
  request: ChatRequest,
  tools: readonly ToolSpec[],
  options: RequestOptions,
): Parameters {
  const { max_completion_tokens, max_tokens, stop } = request
  const maxTokens = max_completion_tokens ?? max_tokens
  return {
    ...DEFAULT_PARAMETERS,
    toolChoice: toToolChoice(request, tools),
    parallelToolCalls: !request.functions && (request.parallel_tool_calls ?? true),
    ...(maxTokens && { maxTokens }),
    ...toStops(stop),
    ...toSampling(request, options),
  }
}

function toToolChoice(
  { tool_choice: choice, function_call: call }: ChatRequest,
  tools: readonly ToolSpec[],
): ToolChoice {
  return requireTools(fromChoice(choice ?? fromFunctionCall(call) ?? 'auto'), tools)
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
