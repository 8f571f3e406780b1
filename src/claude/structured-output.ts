import { Validator } from '@cfworker/json-schema'
import type { OutputSchema } from '../conversation/types.ts'
import { TurnError } from '../errors.ts'

/** The tool through which the CLI has the model write JSON of a given shape. */
export const STRUCTURED_OUTPUT = 'StructuredOutput'

/** Reasons quoted when an answer does not fit its schema. */
const QUOTED_REASONS = 3

/** Checks a whole answer against the schema the client sent; throws if a strict one is missed. */
export function requireConforming(json: string, { schema, strict }: OutputSchema): void {
  const value = parse(json)
  if (!strict) return
  const { valid, errors } = new Validator({ ...schema }, '2020-12', false).validate(value)
  if (valid) return
  const reasons = errors.slice(-QUOTED_REASONS).map((e) => `${e.instanceLocation}: ${e.error}`)
  throw nonConforming(reasons.join('; '))
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
