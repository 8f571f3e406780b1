/** Parsers for the values of settings from flags, environment and file. */
import { z } from 'zod'

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** The longest time that a timer can wait; with a longer one it would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * Parses `250ms`, `30s`, `10m`, `1h`, `30d` into milliseconds. A number without a unit is refused.
 */
export const duration = z.unknown().transform((value, context) => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(typeof value === 'string' ? value.trim() : '')
  if (!match) return refuse(context, 'expected a duration such as 30s, 10m or 30d')
  const [, amount = '', unit = 'ms'] = match
  return Math.max(1, Number(amount) * (UNIT_MS[unit] ?? 1))
})

/** A duration for a timer. */
export const wait = duration.transform((ms, context) =>
  ms > MAX_TIMER_MS ? refuse(context, 'expected at most 24d') : ms,
)

export const integer = (min: number, max: number) =>
  z.unknown().transform((value, context) => {
    const digits = typeof value === 'string' && /^\s*\d+\s*$/.test(value)
    const number = digits ? Number(value) : value
    const fits = typeof number === 'number' && Number.isInteger(number)
    if (fits && number >= min && number <= max) return number
    return refuse(context, `expected a whole number from ${min} to ${max}`)
  })

/** A string with commas is a list. */
export const list = z
  .union([z.string().transform((text) => text.split(',')), z.array(z.string())], {
    error: 'expected a text or a list of texts',
  })
  .transform((items) => items.map((item) => item.trim()))
  .transform((items, context) => {
    const named = items.filter((item) => item !== '')
    return items.length > 0 && named.length === 0 ? refuse(context, 'it is empty') : named
  })

export const nonEmpty = z.string({ error: 'expected a text' })

export const path = z.string({ error: 'expected a path' }).regex(/^(?!~[^\\/])/, {
  error: 'a ~ with a user name is not expanded; write the whole path',
})

/** Parses `unix:/path/of.sock` into the path. */
export const socket = z
  .string({ error: 'expected unix: and an absolute path' })
  .regex(/^unix:(\/|~\/)./, 'expected unix: and an absolute path')
  .transform((text) => text.slice('unix:'.length))

export const flag = z.union([z.boolean(), z.stringbool()], { error: 'expected true or false' })

export const choice = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `expected ${values.join(', ')}` })

/** Must be written as browsers send it; otherwise it would never match. */
export const origins = list.transform((items, context) => {
  for (const item of items) {
    const written = originOf(item)
    if (written === item) continue
    const hint = written === undefined ? '' : `; write ${written}`
    return refuse(context, `expected an origin such as http://localhost:8080${hint}`)
  }
  return items
})

/** A page in a sandbox has the origin `null`, so it cannot be allowed. */
function originOf(text: string): string | undefined {
  const [, scheme = '', host = ''] = /^([a-z][a-z0-9+.-]*:)\/\/([^\s/?#@*]+)/i.exec(text) ?? []
  if (host === '' || !URL.canParse(text)) return undefined
  const { origin } = new URL(text)
  // For other schemes, such as those of browser extensions, `URL` has no origin.
  return origin === 'null' ? `${scheme}//${host}`.toLowerCase() : origin
}

/** Reports what was expected instead of the value. */
function refuse(context: z.core.$RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

export const alias = list.transform((items, context) => {
  const pairs = items.map((item) => item.split('='))
  if (pairs.some((pair) => pair.length !== 2 || pair.some((part) => part.trim() === ''))) {
    return refuse(context, 'expected name=model, such as gpt-4o=sonnet')
  }
  const models = pairs.map(([name = '', model = '']) => [name.trim(), model.trim()] as const)
  const byName = new Map(models)
  if (byName.size < models.length) return refuse(context, 'a name is given for two models')
  return Object.fromEntries(byName)
})
