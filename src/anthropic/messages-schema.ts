import { z } from 'zod'
import {
  jsonSchema,
  listOf,
  MAX_MESSAGES,
  MAX_STOP_SEQUENCES,
  modelName,
  stopSequence,
} from '../dialect/bounds.ts'

const TextBlock = z.object({ type: z.literal('text'), text: z.string() })

/** The model API fetches it; nothing is fetched here. */
const UrlSource = z.object({
  type: z.literal('url'),
  url: z.string().regex(/^https?:\/\//i, 'expected an https URL'),
})

const ImageBlock = z.object({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.object({ type: z.literal('base64'), media_type: z.string(), data: z.string() }),
    UrlSource,
  ]),
})

const DocumentBlock = z.object({
  type: z.literal('document'),
  source: z.discriminatedUnion('type', [
    z.object({
      type: z.literal('base64'),
      media_type: z.literal('application/pdf'),
      data: z.string(),
    }),
    z.object({ type: z.literal('text'), media_type: z.literal('text/plain'), data: z.string() }),
    UrlSource,
  ]),
  title: z.string().nullish(),
  context: z.string().nullish(),
})

const id = z.string().regex(/^[\w-]+$/, 'expected letters, digits, _ or -')
const name = z.string().regex(/^[\w-]{1,128}$/, 'expected 1 to 128 letters, digits, _ or -')

/** A result of the CLI's own tool search; the tools themselves are in `tools`. */
const ToolReference = z.object({ type: z.literal('tool_reference'), tool_name: z.string() })

const ToolResultBlock = z.object({
  type: z.literal('tool_result'),
  tool_use_id: id,
  content: z
    .union([
      z.string(),
      listOf(z.discriminatedUnion('type', [TextBlock, ImageBlock, DocumentBlock, ToolReference])),
    ])
    .nullish(),
  is_error: z.boolean().nullish(),
})
export type ToolResultParam = z.infer<typeof ToolResultBlock>

const UserBlock = z.discriminatedUnion('type', [
  TextBlock,
  ImageBlock,
  DocumentBlock,
  ToolResultBlock,
])
export type UserParam = z.infer<typeof UserBlock>

const AssistantBlock = z.discriminatedUnion('type', [
  TextBlock,
  z.object({
    type: z.literal('tool_use'),
    id,
    name,
    input: z.record(z.string(), z.unknown()),
  }),
  z.object({ type: z.literal('thinking') }),
  z.object({ type: z.literal('redacted_thinking') }),
])
export type AssistantParam = z.infer<typeof AssistantBlock>

const effort = z.enum(['low', 'medium', 'high', 'xhigh', 'max']).nullish()
const text = z.union([z.string(), listOf(TextBlock)])

const Message = z.discriminatedUnion('role', [
  z.object({ role: z.literal('user'), content: z.union([z.string(), listOf(UserBlock)]) }),
  z.object({
    role: z.literal('assistant'),
    content: z.union([z.string(), listOf(AssistantBlock)]),
  }),
  z.object({
    role: z.literal('system'),
    content: text.nullish(),
    clear_at: z.enum(['next_user_message', 'never']).nullish(),
    output_config: z.object({ effort }).nullish(),
  }),
])
export type MessageParam = z.infer<typeof Message>

const CustomTool = z.object({
  type: z.literal('custom').nullish(),
  name,
  description: z.string().nullish(),
  input_schema: jsonSchema,
})
/** Tools that Anthropic runs or defines; they are reported as ignored. */
const OtherTool = z.object({ type: z.string().refine((type) => type !== 'custom') })

const parallel = { disable_parallel_tool_use: z.boolean().nullish() }
const toolChoice = z.discriminatedUnion('type', [
  z.object({ type: z.literal('auto'), ...parallel }),
  z.object({ type: z.literal('any'), ...parallel }),
  z.object({ type: z.literal('tool'), name, ...parallel }),
  z.object({ type: z.literal('none') }),
])

/** Only `omitted` has an effect. The CLI sends a value that the SDK does not know. */
const display = z.string().nullish()
const thinkingConfig = z.discriminatedUnion('type', [
  z.object({ type: z.literal('enabled'), budget_tokens: z.int().min(1024), display }),
  z.object({ type: z.literal('adaptive'), display }),
  z.object({ type: z.literal('between_tools') }),
  z.object({ type: z.literal('disabled') }),
])

const format = z.object({ type: z.literal('json_schema'), schema: jsonSchema }).nullish()

/** The body of POST /v1/messages/count_tokens: strict for fields in use, open for others. */
export const CountTokensRequest = z.object({
  model: modelName,
  messages: listOf(Message, { min: 1, max: MAX_MESSAGES }),
  system: text.nullish(),
  tools: listOf(z.union([CustomTool, OtherTool]), { max: 512 }).nullish(),
  tool_choice: toolChoice.nullish(),
  thinking: thinkingConfig.nullish(),
  output_config: z.object({ effort, format }).nullish(),
  output_format: format,
})
export type CountTokensRequest = z.infer<typeof CountTokensRequest>

/** The body of POST /v1/messages. */
export const MessagesRequest = CountTokensRequest.extend({
  max_tokens: z.int().min(1),
  stop_sequences: listOf(stopSequence.regex(/\S/, 'expected a visible character'), {
    max: MAX_STOP_SEQUENCES,
  }).nullish(),
  stream: z.boolean().nullish(),
  temperature: z.number().min(0).max(1).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
})
export type MessagesRequest = z.infer<typeof MessagesRequest>

/** The places of tools that the client does not run itself. */
export function ignoredTools({ tools }: CountTokensRequest): string[] {
  return (tools ?? []).flatMap((tool, index) =>
    'input_schema' in tool ? [] : [`tools[${index}] (${tool.type})`],
  )
}

/**
 * Thinking is shown only on request, because other clients may take the first block for the answer.
 */
export function showsThinking({ thinking }: MessagesRequest): boolean {
  const thinks = thinking?.type === 'enabled' || thinking?.type === 'adaptive'
  return thinks && thinking.display !== 'omitted'
}
