import { Validator } from '@cfworker/json-schema'
import { z } from 'zod'
import { isPattern } from './cli-schema.ts'

/** Reasons quoted when an answer does not fit its schema. */
const QUOTED_REASONS = 3
/**
 * A check that takes more CPU than this is not believed: after some 500 ms the JavaScript engine
 * gives up a single match and calls it no match. Half a megabyte of plain JSON takes 70 ms.
 */
const MAX_CPU_MS = 250

export const SchemaCheck = z.object({
  json: z.string(),
  schema: z.record(z.string(), z.unknown()),
})
/** An answer and the schema that it is to fit. */
export type SchemaCheck = z.output<typeof SchemaCheck>

export const Verdict = z.discriminatedUnion('is', [
  z.object({ is: z.literal('fitting') }),
  z.object({ is: z.literal('other'), reason: z.string() }),
  /** No validator could use the schema. */
  z.object({ is: z.literal('unusable'), reason: z.string() }),
  /** The schema is too much work for this answer. */
  z.object({ is: z.literal('unchecked') }),
])
export type Verdict = z.output<typeof Verdict>

/**
 * Whether an answer fits its schema. A schema from outside can make this take for ever, by one
 * regular expression or by references that double, so it is called in a thread.
 */
export function checkSchema({ json, schema }: SchemaCheck): Verdict {
  const start = process.threadCpuUsage()
  const verdict = validate(json, schema)
  const { user } = process.threadCpuUsage(start)
  return user > MAX_CPU_MS * 1_000 ? { is: 'unchecked' } : verdict
}

function validate(json: string, schema: object): Verdict {
  const value = parse(json)
  if (value === undefined) return { is: 'other', reason: 'it is not JSON' }
  try {
    const { valid, errors } = new Validator(usable(schema), '2020-12', false).validate(value)
    if (valid) return { is: 'fitting' }
    const reasons = errors.slice(-QUOTED_REASONS).map((e) => `${e.instanceLocation}: ${e.error}`)
    return { is: 'other', reason: reasons.join('; ') }
  } catch (cause) {
    return { is: 'unusable', reason: String(cause) }
  }
}

/** Undefined for what is no JSON, which has no such value. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** Without patterns as other languages write them (`\-`), which the validator would not compile. */
function usable(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (key, inner: unknown) => {
    if (key === 'pattern' && typeof inner === 'string' && !isPattern(inner, 'u')) return undefined
    if (key !== 'patternProperties' || typeof inner !== 'object' || inner === null) return inner
    return Object.fromEntries(Object.entries(inner).filter(([name]) => isPattern(name, 'u')))
  })
}
