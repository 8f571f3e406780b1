/** How the values of settings are read, from flags, the environment and the file alike. */
import { z } from 'zod'

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** The longest wait of a timer; a longer one would end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** `250ms`, `30s`, `10m`, `1h`, `30d` as milliseconds; a bare number is refused for want of a unit. */
export const duration = z.unknown().transform((value, context) => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(typeof value === 'string' ? value.trim() : '')
  if (!match) return refuse(context, 'expected a duration such as 30s, 10m or 30d')
  const [, amount = '', unit = 'ms'] = match
  return Math.max(1, Number(amount) * (UNIT_MS[unit] ?? 1))
})

/** A duration that something waits for. */
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

/** Environment variables and the file's plain strings say several with commas. */
export const list = z
  .union([z.string().transform((text) => text.split(',')), z.array(z.string())], {
    error: 'expected one or several texts',
  })
  .transform((items) => items.map((item) => item.trim()))
  .transform((items, context) => {
    const named = items.filter((item) => item !== '')
    return items.length > 0 && named.length === 0 ? refuse(context, 'it is empty') : named
  })

export const nonEmpty = z.string({ error: 'expected a text' })

export const path = z.string({ error: 'expected a path' }).regex(/^(?!~[^\\/])/, {
  error: 'a ~ with a name is not expanded here; write the path out',
})

/** `unix:/path/of.sock` as the path. */
export const socket = z
  .string({ error: 'expected unix: and an absolute path' })
  .regex(/^unix:(\/|~\/)./, 'expected unix: and an absolute path')
  .transform((text) => text.slice('unix:'.length))

export const flag = z.union([z.boolean(), z.stringbool()], { error: 'expected true or false' })

export const choice = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `expected ${values.join(', ')}` })

/** As a browser writes it; anything else would never be equal to what a browser sends. */
export const origins = list.transform((items, context) => {
  for (const item of items) {
    const written = originOf(item)
    if (written === item) continue
    const hint = written === undefined ? '' : `; that would be ${written}`
    return refuse(context, `expected an origin such as http://localhost:8080${hint}`)
  }
  return items
})

/** `null` is what every sandboxed page calls itself, so it names nobody. */
function originOf(text: string): string | undefined {
  const [, scheme = '', host = ''] = /^([a-z][a-z0-9+.-]*:)\/\/([^\s/?#@*]+)/i.exec(text) ?? []
  if (host === '' || !URL.canParse(text)) return undefined
  const { origin } = new URL(text)
  // Of schemes that are not the web's, such as a browser extension's, a URL tells no origin.
  return origin === 'null' ? `${scheme}//${host}`.toLowerCase() : origin
}

/** Ends the reading of a value, with what was expected instead. */
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
  if (byName.size < models.length) return refuse(context, 'one name stands for two models')
  return Object.fromEntries(byName)
})
