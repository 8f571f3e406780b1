import { Validator } from '@cfworker/json-schema'
import type { JsonSchema, OutputSchema } from '../conversation/types.ts'
import { TurnError } from '../errors.ts'
import { isPattern } from './cli-schema.ts'

/** The tool through which the CLI has the model write JSON of a given shape. */
export const STRUCTURED_OUTPUT = 'StructuredOutput'

/** Reasons quoted when an answer does not fit its schema. */
const QUOTED_REASONS = 3

/**
 * Throws if a whole answer misses a strict schema. One that is not strict asks for JSON and
 * promises none: whatever the model says is the answer.
 */
export function requireConforming(answer: string, { schema, strict }: OutputSchema): void {
  if (!strict) return
  const value = parse(answer)
  const { valid, errors } = validate(value, schema)
  if (valid) return
  const reasons = errors.slice(-QUOTED_REASONS).map((e) => `${e.instanceLocation}: ${e.error}`)
  throw nonConforming(reasons.join('; '))
}

function validate(value: unknown, schema: JsonSchema) {
  // Patterns as other languages write them (`\-`) would be an error of the validator.
  const usable: object = JSON.parse(JSON.stringify(schema), (key, inner: unknown) =>
    key === 'pattern' && typeof inner === 'string' && !isPattern(inner, 'u') ? undefined : inner,
  )
  try {
    return new Validator(usable, '2020-12', false).validate(value)
  } catch (cause) {
    throw new TurnError('invalid_request', `The JSON schema is invalid: ${String(cause)}`, {
      cause,
    })
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw nonConforming('it is not JSON')
  }
}

function nonConforming(reason: string): TurnError {
  return new TurnError(
    'upstream',
    `The model's answer does not match the requested JSON schema: ${reason}. Send the request again.`,
  )
}
