import type { OutputSchema } from '../../conversation/types.ts'
import { TurnError } from '../../errors.ts'
import { SchemaThreads } from './schema-threads.ts'

/** The tool through which the CLI has the model write JSON of a given shape. */
export const STRUCTURED_OUTPUT = 'StructuredOutput'

const threads = new SchemaThreads()

/** An answer that is complete, and the JSON that it was to be. */
export type Promised = { json: string; outputSchema: OutputSchema }

/**
 * Checks a whole answer against the schema the client sent; what is wrong if it misses a strict one.
 * One that is not strict asks for JSON and promises none: whatever the model says is the answer. But
 * the CLI checks it all the same, and must not be at it for ever.
 */
export async function conformance({
  json,
  outputSchema,
}: Promised): Promise<TurnError | undefined> {
  const { schema, strict } = outputSchema
  const verdict = await threads.check({ json, schema })
  if (!strict && verdict.is !== 'unchecked') return undefined
  switch (verdict.is) {
    case 'fitting':
      return undefined
    case 'other':
      return nonConforming(verdict.reason)
    case 'unusable':
      return new TurnError('invalid_request', `The JSON schema is invalid: ${verdict.reason}`)
    case 'unchecked':
      return new TurnError(
        'upstream',
        "The model's answer could not be checked against the requested JSON schema in time: a pattern in it is too hard to match, or it refers to itself too often. Simplify it.",
      )
    default:
      return verdict satisfies never
  }
}

function nonConforming(reason: string): TurnError {
  return new TurnError(
    'upstream',
    `The model's answer does not match the requested JSON schema: ${reason}. Send the request again.`,
  )
}
