import { z } from 'zod'
import { deepest } from './parse.ts'

/** Far more messages than any model reads. */
export const MAX_MESSAGES = 10_000
/** The most parts of one message, and calls in it. */
const MAX_PARTS = 2_000
export const MAX_STOP_SEQUENCES = 256
const MAX_STOP_CHARS = 1_000
/** Longer than any model name, including a provider's prefix. */
const MAX_MODEL_CHARS = 256

export const modelName = z.string().max(MAX_MODEL_CHARS)
export const stopSequence = z.string().max(MAX_STOP_CHARS)

/** What the model API takes as the name of a tool. */
export const toolName = z
  .string()
  .regex(/^[\w-]{1,64}$/, 'expected 1 to 64 letters, digits, _ or -')

/** Tools that are no functions; they are named as ignored. */
export const OtherTool = z.object({
  // Aborting, or what is wrong with a function would be told as a wrong type.
  type: z.string().refine((type) => type !== 'function', { abort: true }),
})

/** Ids of ours; clients of other APIs may have longer ones for their calls. */
export const MAX_ID_CHARS = 256
/** Twice OpenAI's limit for a schema; the values of all schemas are compared with each other. */
const MAX_SCHEMA_VALUES = 10_000

/** A JSON schema, small enough to be checked and compiled. */
export const jsonSchema = z
  .unknown()
  .refine((value) => valuesIn(value, MAX_SCHEMA_VALUES) <= MAX_SCHEMA_VALUES, {
    error: `expected at most ${MAX_SCHEMA_VALUES} values in a schema`,
    abort: true,
  })
  .pipe(z.record(z.string(), z.unknown()))

/** The number of values in a value, including itself. Stops counting above `most`. */
function valuesIn(value: unknown, most: number): number {
  if (typeof value !== 'object' || value === null) return 1
  let count = 1
  for (const item of Object.values(value)) {
    if (count > most) break
    count += valuesIn(item, most)
  }
  return count
}

/**
 * A list that is read up to its first mistake, and not at all if it is too long. `z.array` reports
 * every mistake, which takes a minute for a long list of invalid items.
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
