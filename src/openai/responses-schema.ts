import { z } from 'zod'
import { listOf, MAX_MESSAGES, modelName } from '../dialect/bounds.ts'
import { effort, functionName, JsonSchema, OtherTool } from './chat-schema.ts'
import { Item } from './responses-items.ts'

const FunctionTool = z.object({
  type: z.literal('function'),
  name: functionName,
  description: z.string().nullish(),
  parameters: JsonSchema.nullish(),
  strict: z.boolean().nullish(),
})
type FunctionTool = z.infer<typeof FunctionTool>

const NamedFunction = z.object({ type: z.literal('function'), name: functionName })

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  NamedFunction,
  z.object({
    type: z.literal('allowed_tools'),
    mode: z.enum(['auto', 'required']),
    tools: listOf(NamedFunction),
  }),
])

const format = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: z.string(),
    description: z.string().nullish(),
    schema: JsonSchema,
    strict: z.boolean().nullish(),
  }),
])

/** As large as OpenAI lets it be. */
const metadata = z
  .record(z.string().max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, 'expected at most 16 pairs')

const summary = z.enum(['auto', 'concise', 'detailed']).nullish()

/** The body of POST /v1/responses: strict in what is used, silent on what is not. */
export const ResponsesRequest = z.object({
  model: modelName,
  input: z.union([z.string(), listOf(Item, { max: MAX_MESSAGES })]),
  instructions: z.string().nullish(),
  stream: z.boolean().nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  tools: listOf(z.union([FunctionTool, OtherTool]), { max: 128 }).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z
    .object({
      format: format.nullish(),
      verbosity: z.enum(['low', 'medium', 'high']).nullish(),
    })
    .nullish(),
  reasoning: z.object({ effort: effort.nullish(), summary, generate_summary: summary }).nullish(),
  previous_response_id: z.string().nullish(),
  store: z.boolean().nullish(),
  metadata: metadata.nullish(),
  include: listOf(z.string()).nullish(),
  prompt_cache_key: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  user: z.string().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
})
export type ResponsesRequest = z.infer<typeof ResponsesRequest>

/** The tools that the client itself runs. */
export function functionTools({ tools }: ResponsesRequest): FunctionTool[] {
  return (tools ?? []).flatMap((tool) => ('name' in tool ? [tool] : []))
}
