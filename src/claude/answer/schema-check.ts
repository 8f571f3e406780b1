import { Validator } from '@cfworker/json-schema'
import { z } from 'zod'
import { isPattern } from './cli-schema.ts'

/** How many reasons are quoted when an answer does not match its schema. */
const QUOTED_REASONS = 3
/**
 * The result of a check that takes more CPU time than this is discarded: after about 500 ms the
 * JavaScript engine gives up a single match and reports "no match". Half a megabyte of plain JSON
 * takes 70 ms.
 */
const MAX_CPU_MS = 250

export const SchemaCheck = z.object({
  json: z.string(),
  schema: z.record(z.string(), z.unknown()),
})
/** An answer and the schema that it must match. */
export type SchemaCheck = z.output<typeof SchemaCheck>

export const Verdict = z.discriminatedUnion('is', [
  z.object({ is: z.literal('fitting') }),
  z.object({ is: z.literal('other'), reason: z.string() }),
  /** No validator could use the schema. */
  z.object({ is: z.literal('unusable'), reason: z.string() }),
  /** The check takes too long for this schema and answer. */
  z.object({ is: z.literal('unchecked') }),
])
export type Verdict = z.output<typeof Verdict>

/**
 * Checks whether an answer matches its schema. A client's schema can make this take for ever, with
 * a regular expression or with references that double, so it runs in a thread.
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

/** Undefined if the text is not JSON; no JSON value is undefined. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** Removes patterns in other languages' syntax (`\-`), which the validator could not compile. */
function usable(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (key, inner: unknown) => {
    if (key === 'pattern' && typeof inner === 'string' && !isPattern(inner, 'u')) return undefined
    if (key !== 'patternProperties' || typeof inner !== 'object' || inner === null) return inner
    return Object.fromEntries(Object.entries(inner).filter(([name]) => isPattern(name, 'u')))
  })
}
