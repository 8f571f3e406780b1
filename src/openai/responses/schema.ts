import { z } from 'zod'
import {
  jsonSchema,
  listOf,
  MAX_ID_CHARS,
  MAX_MESSAGES,
  modelName,
  OtherTool,
  toolName,
} from '../../dialect/bounds.ts'
import { effort } from '../chat/schema.ts'
import { Item } from './items.ts'

const FunctionTool = z.object({
  type: z.literal('function'),
  name: toolName,
  description: z.string().nullish(),
  parameters: jsonSchema.nullish(),
  strict: z.boolean().nullish(),
})
type FunctionTool = z.infer<typeof FunctionTool>

const NamedFunction = z.object({ type: z.literal('function'), name: toolName })

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
    schema: jsonSchema,
    strict: z.boolean().nullish(),
  }),
])

/** OpenAI's limits. */
const metadata = z
  .unknown()
  // Checked first, because reporting mistakes of very many pairs takes long.
  .refine(
    (value) => typeof value !== 'object' || value === null || Object.keys(value).length <= 16,
    { error: 'expected at most 16 pairs', abort: true },
  )
  .pipe(z.record(z.string().max(64), z.string().max(512)))

const summary = z.enum(['auto', 'concise', 'detailed']).nullish()

/** The body of POST /v1/responses: strict for fields in use, open for others. */
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
  previous_response_id: z.string().max(MAX_ID_CHARS).nullish(),
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

/** The tools that the client runs itself. */
export function functionTools({ tools }: ResponsesRequest): FunctionTool[] {
  return (tools ?? []).flatMap((tool) => ('name' in tool ? [tool] : []))
}
