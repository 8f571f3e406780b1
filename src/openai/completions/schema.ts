import { z } from 'zod'
import { listOf, MAX_MESSAGES, modelName, stopSequence } from '../../dialect/bounds.ts'

/** Tokens, and too many texts, are refused later, with the reason. */
const promptItem = z.union([z.string(), z.int(), listOf(z.int())])

/** The body of POST /v1/completions: strict for fields in use, open for others. */
export const CompletionRequest = z.object({
  model: modelName,
  prompt: z.union([z.string(), listOf(promptItem, { min: 1, max: MAX_MESSAGES })]),
  suffix: z.string().nullish(),
  echo: z.boolean().nullish(),
  n: z.int().min(1).max(4).nullish(),
  best_of: z.int().min(1).max(20).nullish(),
  max_tokens: z.int().min(1).nullish(),
  stop: z.union([stopSequence, listOf(stopSequence, { max: 4 })]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
})
export type CompletionRequest = z.infer<typeof CompletionRequest>
