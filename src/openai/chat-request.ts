import {
  type Conversation,
  DEFAULT_PARAMETERS,
  type Effort,
  type OutputSchema,
  type Parameters,
  type ToolChoice,
  type ToolSpec,
} from '../conversation/types.ts'
import { TurnError } from '../errors.ts'
import { toMessages, toSystem } from './chat-messages.ts'
import type { ChatRequest, ChatResponseFormat, ChatToolChoice } from './chat-schema.ts'

export type RequestOptions = {
  /** The name the CLI takes. */
  model: string
  sampling: 'ignore' | 'forward'
}

/** A chat request as the neutral conversation. */
export function toConversation(request: ChatRequest, options: RequestOptions): Conversation {
  const messages = toMessages(request.messages)
  if (messages.at(-1)?.role !== 'user') {
    throw new TurnError(
      'invalid_request',
      "The last message must have role 'user' or 'tool', and content that is not empty.",
      { param: 'messages' },
    )
  }
  const effort = toEffort(request.reasoning_effort)
  const outputSchema = toOutputSchema(request.response_format)
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
  const all = specs.map(({ name, description, parameters }) => ({
    name,
    description: description ?? '',
    inputSchema: parameters ?? { type: 'object', properties: {} },
  }))
  if (typeof tool_choice !== 'object' || tool_choice?.type !== 'allowed_tools') return all
  const allowed = new Set(tool_choice.allowed_tools.tools.map((tool) => tool.function.name))
  return all.filter(({ name }) => allowed.has(name))
}

function toParameters(request: ChatRequest, { sampling }: RequestOptions): Parameters {
  const { max_completion_tokens, max_tokens, stop, temperature, top_p } = request
  const maxTokens = max_completion_tokens ?? max_tokens
  const stopSequences = [stop ?? []].flat().filter((sequence) => sequence !== '')
  const forward = sampling === 'forward'
  return {
    ...DEFAULT_PARAMETERS,
    toolChoice: toToolChoice(request),
    parallelToolCalls: !request.functions && (request.parallel_tool_calls ?? true),
    ...(maxTokens && { maxTokens }),
    ...(stopSequences.length > 0 && { stopSequences }),
    ...(forward && typeof temperature === 'number' && { temperature: Math.min(1, temperature) }),
    ...(forward && typeof top_p === 'number' && { topP: top_p }),
  }
}

function toToolChoice(request: ChatRequest): ToolChoice {
  const { tool_choice: choice, function_call: call } = request
  const toolChoice = fromChoice(choice ?? fromFunctionCall(call) ?? 'auto')
  const names = toTools(request).map(({ name }) => name)
  if (toolChoice.type === 'tool' && !names.includes(toolChoice.name)) {
    throw invalid('tool_choice', `there is no tool '${toolChoice.name}' in 'tools'`)
  }
  if (toolChoice.type === 'required' && names.length === 0) {
    throw invalid('tool_choice', "'required' needs 'tools'")
  }
  return toolChoice
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

/** `minimal` is OpenAI's word for the least thinking; `low` is the least these models have. */
function toEffort(effort: ChatRequest['reasoning_effort']): Effort | undefined {
  return effort === 'minimal' ? 'low' : (effort ?? undefined)
}

function toOutputSchema(format: ChatResponseFormat | null | undefined): OutputSchema | undefined {
  switch (format?.type) {
    case undefined:
    case 'text':
      return undefined
    case 'json_object':
      return { schema: format.schema ?? { type: 'object' }, strict: false }
    case 'json_schema': {
      const { schema, strict } = format.json_schema
      if (!schema) return { schema: { type: 'object' }, strict: false }
      if (schema['type'] !== 'object') {
        const type = JSON.stringify(schema['type'])
        throw invalid(
          'response_format.json_schema.schema',
          `schema must be a JSON Schema of type "object", got ${type ?? 'none'}`,
        )
      }
      return { schema, strict: strict ?? false }
    }
    default:
      return format satisfies never
  }
}

function invalid(param: string, reason: string): TurnError {
  return new TurnError('invalid_request', `'${param}' is invalid: ${reason}.`, { param })
}
