import {
  type Conversation,
  DEFAULT_PARAMETERS,
  type Effort,
  type OutputSchema,
  type Parameters,
  type ToolChoice,
  type ToolSpec,
} from '../conversation/types.ts'
import { invalid } from '../dialect/invalid.ts'
import type { Remarks } from '../dialect/remarks.ts'
import { joinInstructions, CLI_HEADER, nameTexts } from '../dialect/texts.ts'
import type { RequestOptions } from '../dialect/request-options.ts'
import { requireTools, toGiven, toSampling } from '../dialect/request-parts.ts'
import { type GivenTool, toToolSpecs } from '../dialect/tools/tool-spec.ts'
import type { CountTokensRequest, MessageParam, MessagesRequest } from './messages-schema.ts'
import { toTurns } from './messages-turns.ts'

/**
 * Converts a request into the neutral conversation; one that only counts tokens has fewer
 * parameters.
 */
export function toConversation(
  request: MessagesRequest | CountTokensRequest,
  options: RequestOptions,
): Conversation {
  const messages = toTurns(request.messages, options)
  nameTexts({ messages: request.messages, system: request.system }, options.remarks)
  if (messages.at(-1)?.role !== 'user') {
    throw invalid('messages', "the last one must have role 'user', and content that is not empty")
  }
  const tools = toTools(request, options.remarks)
  const effort = toEffort(request)
  const outputSchema = toOutputSchema(request)
  return {
    model: options.model,
    system: toSystem(request, options.remarks),
    messages,
    tools,
    ...(effort && { effort }),
    ...(outputSchema && { outputSchema }),
    parameters: toParameters(request, tools, options),
  }
}

/** The line that Claude Code as a client writes about itself. The CLI here writes its own. */
function isBillingHeader(text: string): boolean {
  return text.startsWith(CLI_HEADER) && !text.trimEnd().includes('\n')
}

/**
 * Adds instructions between messages to the system prompt, in order, because the CLI accepts them
 * nowhere else. Instructions for an earlier turn alone are left out.
 */
function toSystem({ system, messages }: CountTokensRequest, remarks: Remarks): string {
  const lastUser = messages.findLastIndex(({ role }) => role === 'user')
  const later = messages.flatMap((message, index) => {
    if (message.role !== 'system') return []
    const over = message.clear_at === 'next_user_message' && index < lastUser
    return over ? [] : texts(message.content)
  })
  const first = texts(system).filter((text, index) => {
    if (!isBillingHeader(text)) return true
    remarks.ignore(typeof system === 'string' ? 'system' : `system[${index}]`)
    return false
  })
  return joinInstructions([...first, ...later], 'system', remarks)
}

function texts(content: CountTokensRequest['system']): string[] {
  return typeof content === 'string' ? [content] : (content ?? []).map(({ text }) => text)
}

function toTools({ tools }: CountTokensRequest, remarks: Remarks): ToolSpec[] {
  const given = (tools ?? []).flatMap((tool, index): GivenTool[] => {
    if (!('input_schema' in tool)) return []
    const { name, description, input_schema } = tool
    return [toGiven({ name, description, parameters: input_schema }, `tools[${index}]`)]
  })
  return toToolSpecs(given, 'input_schema', remarks)
}

function toParameters(
  request: MessagesRequest | CountTokensRequest,
  tools: readonly ToolSpec[],
  options: RequestOptions,
): Parameters {
  const { tool_choice: choice } = request
  const common = {
    ...DEFAULT_PARAMETERS,
    toolChoice: requireTools(toToolChoice(request), tools, 'any'),
    ...(choice && 'disable_parallel_tool_use' in choice && choice.disable_parallel_tool_use
      ? { parallelToolCalls: false }
      : {}),
  }
  if (!('max_tokens' in request)) return common
  const { max_tokens, stop_sequences } = request
  return {
    ...common,
    maxTokens: max_tokens,
    ...(stop_sequences && stop_sequences.length > 0 && { stopSequences: stop_sequences }),
    ...toSampling(request, options),
  }
}

function toToolChoice({ tool_choice: choice }: CountTokensRequest): ToolChoice {
  switch (choice?.type) {
    case undefined:
      return { type: 'auto' }
    case 'auto':
    case 'none':
      return { type: choice.type }
    case 'any':
      return { type: 'required' }
    case 'tool':
      return { type: 'tool', name: choice.name }
    default:
      return choice satisfies never
  }
}

/** The effort for a thinking budget below so many tokens. */
const BUDGETS: readonly [below: number, effort: Effort][] = [
  [4_000, 'low'],
  [16_000, 'medium'],
  [32_000, 'high'],
]

/**
 * Disabled thinking comes first, then the last effort given in the messages, then the request's.
 */
function toEffort({ thinking, output_config, messages }: CountTokensRequest): Effort | undefined {
  if (thinking?.type === 'disabled') return 'none'
  const level = messages.map(effortOf).findLast(Boolean) ?? output_config?.effort
  if (level) return level
  if (thinking?.type !== 'enabled') return undefined
  return BUDGETS.find(([below]) => thinking.budget_tokens < below)?.[1] ?? 'xhigh'
}

function effortOf(message: MessageParam): Effort | undefined {
  return message.role === 'system' ? (message.output_config?.effort ?? undefined) : undefined
}

function toOutputSchema(request: CountTokensRequest): OutputSchema | undefined {
  const format = request.output_config?.format ?? request.output_format
  if (!format) return undefined
  const { schema } = format
  if (schema['type'] === 'object') return { schema, strict: true }
  throw invalid('output_config.format.schema', 'it must be a JSON Schema of type "object"')
}
