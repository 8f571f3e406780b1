import { z } from 'zod'
import {
  jsonSchema,
  listOf,
  MAX_MESSAGES,
  modelName,
  OtherTool,
  stopSequence,
  toolName,
} from '../../dialect/bounds.ts'

const TextPart = z.object({ type: z.literal('text'), text: z.string() })
const RefusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() })
const ImagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({ url: z.string() }),
})
const FilePart = z.object({
  type: z.literal('file'),
  file: z.object({
    file_data: z.string().nullish(),
    file_id: z.string().nullish(),
    filename: z.string().nullish(),
  }),
})
const UserPart = z.discriminatedUnion('type', [TextPart, ImagePart, FilePart])
export type UserPart = z.infer<typeof UserPart>

const textContent = z.union([z.string(), listOf(TextPart)])
const FunctionCall = z.object({ name: z.string(), arguments: z.string() })

const Message = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), content: textContent }),
  z.object({ role: z.literal('developer'), content: textContent }),
  z.object({ role: z.literal('user'), content: z.union([z.string(), listOf(UserPart)]) }),
  z.object({
    role: z.literal('assistant'),
    content: z
      .union([z.string(), listOf(z.discriminatedUnion('type', [TextPart, RefusalPart]))])
      .nullish(),
    refusal: z.string().nullish(),
    tool_calls: listOf(
      z.object({ id: z.string(), type: z.literal('function'), function: FunctionCall }),
    ).nullish(),
    function_call: FunctionCall.nullish(),
  }),
  z.object({
    role: z.literal('tool'),
    tool_call_id: z.string(),
    content: z.union([z.string(), listOf(z.discriminatedUnion('type', [TextPart, ImagePart]))]),
  }),
  // Some clients still send functions, the predecessor of tools.
  z.object({ role: z.literal('function'), name: z.string(), content: z.string().nullable() }),
])
export type ChatMessage = z.infer<typeof Message>

const FunctionSpec = z.object({
  name: toolName,
  description: z.string().nullish(),
  parameters: jsonSchema.nullish(),
})

const FunctionTool = z.object({ type: z.literal('function'), function: FunctionSpec })
const NamedFunction = z.object({
  type: z.literal('function'),
  function: z.object({ name: toolName }),
})

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  NamedFunction,
  z.object({
    type: z.literal('allowed_tools'),
    allowed_tools: z.object({
      mode: z.enum(['auto', 'required']),
      tools: listOf(NamedFunction),
    }),
  }),
])
export type ChatToolChoice = z.infer<typeof toolChoice>

const responseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object'), schema: jsonSchema.nullish() }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: z.string().nullish(),
      schema: jsonSchema.nullish(),
      strict: z.boolean().nullish(),
    }),
  }),
])
export type ChatResponseFormat = z.infer<typeof responseFormat>

export const effort = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])

/** The body of POST /v1/chat/completions: strict for fields in use, open for others. */
export const ChatRequest = z.object({
  model: modelName,
  messages: listOf(Message, { min: 1, max: MAX_MESSAGES }),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  stop: z.union([stopSequence, listOf(stopSequence, { max: 4 })]).nullish(),
  n: z.int().min(1).max(4).nullish(),
  tools: listOf(z.union([FunctionTool, OtherTool]), { max: 128 }).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  functions: listOf(FunctionSpec, { max: 128 }).nullish(),
  function_call: z.union([z.enum(['none', 'auto']), z.object({ name: toolName })]).nullish(),
  response_format: responseFormat.nullish(),
  reasoning_effort: effort.nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
})
export type ChatRequest = z.infer<typeof ChatRequest>

/** The places of tools that only OpenAI can run. */
export function ignoredTools({ tools }: ChatRequest): string[] {
  return (tools ?? []).flatMap((tool, index) =>
    'function' in tool ? [] : [`tools[${index}] (${tool.type})`],
  )
}
