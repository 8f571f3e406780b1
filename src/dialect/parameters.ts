import { isObject, type JsonObject } from '../conversation/is-object.ts'
import { TurnError } from '../errors.ts'

type ParameterRule = {
  /** `passed over`: has no effect and needs none, so it is not reported; see `unread-fields.ts`. */
  treatment: 'honoured' | 'ignored' | 'refused' | 'passed over'
  /** For the table in docs/parameters.md. */
  note: string
  /** Values without an effect, which are neither reported as ignored nor refused. */
  neutral?: readonly unknown[]
  /** Whether an empty object has an effect, too. */
  emptyAsks?: boolean
  /**
   * For a field inside a parameter: apply the rule although the schema reads the field, because it
   * does not change the request to the model.
   */
  evenIfRead?: boolean
}

/** Every parameter of an API's request and what becomes of it. The tables in docs/parameters.md are made from these. */
export type ParameterTable = Readonly<Record<string, ParameterRule>>

export type ParameterPolicy = {
  /** Refuse parameters that would be ignored. */
  strict: boolean
  /** Whether temperature and top_p are sent to the model. */
  sampling: 'ignore' | 'forward'
}

/** The parameters of a request that will be ignored; throws for one that must be refused. */
export function ignoredParameters(
  table: ParameterTable,
  body: JsonObject,
  { strict, sampling }: ParameterPolicy,
): string[] {
  const given = Object.entries(table).filter(
    ([name, rule]) => !isNeutral(valueAt(body, name), rule),
  )
  for (const [name, { treatment, note }] of given) {
    if (treatment === 'refused') throw refused(name, note)
  }
  const ignored = given
    .filter(([name, { treatment }]) => {
      const unsent = sampling === 'ignore' && SAMPLING.test(name)
      return treatment === 'ignored' || unsent
    })
    .map(([name]) => name)
  const [first] = ignored
  if (strict && first !== undefined) throw refused(first, 'it would be ignored')
  return ignored
}

/** Whatever they are a part of. */
const SAMPLING = /(^|\.)(temperature|top_p)$/

/** The value of a parameter, or of one within a parameter: `options.seed`. */
function valueAt(body: JsonObject, name: string): unknown {
  return name
    .split('.')
    .reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), body)
}

type Asking = Pick<ParameterRule, 'neutral' | 'emptyAsks'>

/** Whether a value has no effect. */
export function isNeutral(
  value: unknown,
  { neutral = [], emptyAsks = false }: Asking = {},
): boolean {
  if (value === undefined || value === null || neutral.includes(value)) return true
  if (typeof value !== 'object' || (emptyAsks && !Array.isArray(value))) return false
  return Object.values(value).every((item) => neutral.includes(item))
}

/** The error for a parameter on which the client must not rely. */
export function refused(param: string, reason: string): TurnError {
  return new TurnError(
    'invalid_request',
    `'${param}' is not supported here: ${reason}. Leave it out.`,
    { param },
  )
}
