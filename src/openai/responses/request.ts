import {
  type Conversation,
  DEFAULT_PARAMETERS,
  type Parameters,
  type ToolChoice,
  type ToolSpec,
} from '../../conversation/types.ts'
import type { Remarks } from '../../dialect/remarks.ts'
import type { RequestOptions } from '../../dialect/request-options.ts'
import { toToolSpecs } from '../../dialect/tools/tool-spec.ts'
import { nameTexts } from '../../dialect/texts.ts'
import { TurnError } from '../../errors.ts'
import {
  requireTools,
  toEffort,
  toGiven,
  toOutputSchema,
  toSampling,
} from '../../dialect/request-parts.ts'
import { type History, toSystem, toTurns } from './input.ts'
import type { ResponsesRequest } from './schema.ts'

export type ResponsesOptions = RequestOptions & { history: History }

/** Converts a responses request into the neutral conversation. */
export function toConversation(request: ResponsesRequest, options: ResponsesOptions): Conversation {
  const { history, model, remarks } = options
  const messages = toTurns(history, options)
  nameTexts({ input: request.input, instructions: request.instructions }, remarks)
  if (messages.at(-1)?.role !== 'user') {
    throw new TurnError(
      'invalid_request',
      "The last item of 'input' must be a user message that is not empty, or a function_call_output.",
      { param: 'input' },
    )
  }
  const tools = toTools(request, remarks)
  const effort = toEffort(request.reasoning?.effort)
  const outputSchema = toOutputSchema(request.text?.format, 'text.format.schema')
  return {
    model,
    system: toSystem(request.instructions, history, remarks),
    messages,
    tools,
    ...(effort && { effort }),
    ...(outputSchema && { outputSchema }),
    parameters: toParameters(request, tools, options),
  }
}

function toTools(request: ResponsesRequest, remarks: Remarks): ToolSpec[] {
  const { tools, tool_choice: choice } = request
  const given = (tools ?? []).flatMap((tool, index) =>
    'name' in tool ? [toGiven(tool, `tools[${index}]`)] : [],
  )
  const all = toToolSpecs(given, 'parameters', remarks)
  if (typeof choice !== 'object' || choice?.type !== 'allowed_tools') return all
  const allowed = new Set(choice.tools.map(({ name }) => name))
  return all.filter(({ name }) => allowed.has(name))
}

function toParameters(
  request: ResponsesRequest,
  tools: readonly ToolSpec[],
  options: RequestOptions,
): Parameters {
  const { max_output_tokens: maxTokens, parallel_tool_calls } = request
  return {
    ...DEFAULT_PARAMETERS,
    toolChoice: requireTools(toToolChoice(request), tools),
    parallelToolCalls: parallel_tool_calls ?? true,
    ...(maxTokens && { maxTokens }),
    ...toSampling(request, options),
  }
}

function toToolChoice({ tool_choice }: ResponsesRequest): ToolChoice {
  const choice = tool_choice ?? 'auto'
  if (typeof choice === 'string') return { type: choice }
  switch (choice.type) {
    case 'function':
      return { type: 'tool', name: choice.name }
    case 'allowed_tools':
      return { type: choice.mode }
    default:
      return choice satisfies never
  }
}
