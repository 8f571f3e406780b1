import { z } from 'zod'
import {
  jsonSchema,
  listOf,
  MAX_MESSAGES,
  MAX_STOP_SEQUENCES,
  modelName,
  OtherTool,
  stopSequence,
  toolName,
} from '../dialect/bounds.ts'

/** Base64 data; what kind of image it is is seen from its bytes. */
const images = listOf(z.string()).nullish()

const Call = z.object({
  id: z.string().nullish(),
  function: z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).nullish() }),
})

const Message = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), content: z.string().nullish() }),
  z.object({ role: z.literal('user'), content: z.string().nullish(), images }),
  z.object({
    role: z.literal('assistant'),
    content: z.string().nullish(),
    tool_calls: listOf(Call).nullish(),
  }),
  z.object({
    role: z.literal('tool'),
    content: z.string().nullish(),
    images,
    tool_name: z.string().nullish(),
    // Older clients say it like this.
    name: z.string().nullish(),
    tool_call_id: z.string().nullish(),
  }),
])
export type OllamaMessage = z.infer<typeof Message>

const FunctionTool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: toolName,
    description: z.string().nullish(),
    parameters: jsonSchema.nullish(),
  }),
})

const Options = z.object({
  /** None or a negative number is no limit. */
  num_predict: z.int().nullish(),
  stop: z.union([stopSequence, listOf(stopSequence, { max: MAX_STOP_SEQUENCES })]).nullish(),
  temperature: z.number().min(0).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
})

/** What both ways of asking have in common. */
const common = {
  model: modelName,
  /** Ollama streams unless it is told not to. */
  stream: z
    .boolean()
    .nullish()
    .transform((stream) => stream ?? true),
  format: z.union([z.enum(['', 'json']), jsonSchema]).nullish(),
  options: Options.nullish(),
  think: z.union([z.boolean(), z.enum(['low', 'medium', 'high'])]).nullish(),
  /** A text such as `5m`, or seconds. */
  keep_alive: z.union([z.string(), z.number()]).nullish(),
}

/** The body of POST /api/chat: strict in what is used, silent on what is not. */
export const ChatRequest = z.object({
  ...common,
  messages: listOf(Message, { max: MAX_MESSAGES }).nullish(),
  tools: listOf(z.union([FunctionTool, OtherTool]), { max: 128 }).nullish(),
})
export type ChatRequest = z.infer<typeof ChatRequest>

/** The body of POST /api/generate. */
export const GenerateRequest = z.object({
  ...common,
  prompt: z.string().nullish(),
  suffix: z.string().nullish(),
  system: z.string().nullish(),
  images,
})
export type GenerateRequest = z.infer<typeof GenerateRequest>

/** What both ask for in the same words. */
export type CommonRequest = Omit<ChatRequest, 'messages' | 'tools'>

/** The body of POST /api/show; `name` is what older clients say. */
export const ShowRequest = z
  .object({ model: modelName.nullish(), name: modelName.nullish() })
  .transform(({ model, name }) => ({ model: model || name || '' }))

/** Tools of kinds that Ollama does not have, by their places. */
export function ignoredTools({ tools }: Pick<ChatRequest, 'tools'>): string[] {
  return (tools ?? []).flatMap((tool, index) =>
    'function' in tool ? [] : [`tools[${index}] (${tool.type})`],
  )
}
