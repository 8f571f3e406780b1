import { z } from 'zod'
import { deepest } from './parse.ts'

/** Far more than any model reads of a conversation. */
export const MAX_MESSAGES = 10_000
/** Parts of one message, and calls in it. */
const MAX_PARTS = 2_000
export const MAX_STOP_SEQUENCES = 256
const MAX_STOP_CHARS = 1_000
/** Longer than any name there is; a provider's prefix included. */
const MAX_MODEL_CHARS = 256

export const modelName = z.string().max(MAX_MODEL_CHARS)
export const stopSequence = z.string().max(MAX_STOP_CHARS)

/**
 * A list that is read up to its first mistake, and not at all when it is too long: `z.array` says
 * of each item what is wrong with it, which takes a minute for a large list of nonsense.
 */
export function listOf<Item extends z.ZodType>(
  item: Item,
  { min = 0, max = MAX_PARTS }: { min?: number; max?: number } = {},
) {
  return z
    .array(z.unknown())
    .min(min)
    .max(max)
    .transform((items, { issues }) => {
      const list: z.output<Item>[] = []
      for (const [index, value] of items.entries()) {
        const { data, error } = item.safeParse(value)
        if (error) {
          const { path, message } = deepest(error.issues, [index])
          issues.push({ code: 'custom', path, message, input: value })
          return z.NEVER
        }
        list.push(data)
      }
      return list
    })
}
