import type { OutputSchema } from '../../conversation/types.ts'
import { TurnError } from '../../errors.ts'
import { SchemaThreads } from './schema-threads.ts'

/** The CLI's tool in which the model submits JSON of a given schema. */
export const STRUCTURED_OUTPUT = 'StructuredOutput'

const threads = new SchemaThreads()

/** A complete answer, and the schema for it. */
export type Promised = { json: string; outputSchema: OutputSchema }

/**
 * Checks a complete answer against the client's schema, and returns the error if a strict schema is
 * violated. A schema that is not strict only asks for JSON, so any answer is right; but the CLI
 * checks it, too, and must be stopped if that takes too long.
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
