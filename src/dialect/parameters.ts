import { TurnError } from '../errors.ts'

type ParameterRule = {
  /** What is passed over asks for nothing, and is not named; see `unread-fields.ts`. */
  treatment: 'honoured' | 'ignored' | 'refused' | 'passed over'
  /** For the table in docs/parameters.md. */
  note: string
  /** Values that ask for nothing: they are neither named as ignored nor refused. */
  neutral?: readonly unknown[]
  /** Whether it asks for something even as an empty object. */
  emptyAsks?: boolean
  /** A field within a parameter that is known, and changes nothing of what the model is asked. */
  evenIfRead?: boolean
}

/** Every parameter of an API's request and what becomes of it. The tables in docs/parameters.md are made from these. */
export type ParameterTable = Readonly<Record<string, ParameterRule>>

export type ParameterPolicy = {
  /** Refuse what would be ignored. */
  strict: boolean
  /** Whether temperature and top_p are handed on. */
  sampling: 'ignore' | 'forward'
}

/** The parameters of a request that will be ignored; throws for one that must be refused. */
export function ignoredParameters(
  table: ParameterTable,
  body: Readonly<Record<string, unknown>>,
  { strict, sampling }: ParameterPolicy,
): string[] {
  const given = Object.entries(table).filter(([name, rule]) => !isNeutral(body[name], rule))
  for (const [name, { treatment, note }] of given) {
    if (treatment === 'refused') throw refused(name, note)
  }
  const ignored = given
    .filter(([name, { treatment }]) => {
      const unsent = sampling === 'ignore' && (name === 'temperature' || name === 'top_p')
      return treatment === 'ignored' || unsent
    })
    .map(([name]) => name)
  const [first] = ignored
  if (strict && first !== undefined) throw refused(first, 'it would be ignored')
  return ignored
}

type Asking = Pick<ParameterRule, 'neutral' | 'emptyAsks'>

/** Whether a value asks for nothing. */
export function isNeutral(
  value: unknown,
  { neutral = [], emptyAsks = false }: Asking = {},
): boolean {
  if (value === undefined || value === null || neutral.includes(value)) return true
  if (typeof value !== 'object' || (emptyAsks && !Array.isArray(value))) return false
  return Object.values(value).every((item) => neutral.includes(item))
}

/** The error for a parameter that the client must not count on. */
export function refused(param: string, reason: string): TurnError {
  return new TurnError(
    'invalid_request',
    `'${param}' is not supported here: ${reason}. Leave it out.`,
    { param },
  )
}
