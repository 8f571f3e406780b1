import { isObject } from '../../conversation/is-object.ts'
import type { JsonSchema } from '../../conversation/types.ts'
import { TurnError } from '../../errors.ts'

/** The value in a form that the CLI accepts; undefined removes the keyword. */
type Cleaner = (value: unknown, place: Place) => unknown
type Place = { root: JsonSchema; path: string }

const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'])

/** Compile time grows with the square of the number of named groups: 4,000 take a second. */
const MAX_NAMED_GROUPS = 16
const PATTERN = `a regular expression with at most ${MAX_NAMED_GROUPS} named groups`

/** A path contains the client's own names, which may be megabytes long. */
const MAX_PATH_LENGTH = 200

const any: Cleaner = (value) => value
const text: Cleaner = (value) => (typeof value === 'string' ? value : undefined)
const flag: Cleaner = (value) => (typeof value === 'boolean' ? value : undefined)
const number: Cleaner = (value) => (typeof value === 'number' ? value : undefined)
const count: Cleaner = (value) =>
  Number.isInteger(value) && Number(value) >= 0 ? value : undefined
const names: Cleaner = (value) => (Array.isArray(value) ? [...new Set(value)] : undefined)

const schemas: Cleaner = (value, place) => {
  if (!Array.isArray(value) || value.length === 0) throw unusable(place, 'a list of schemas')
  return value.map((item, index) => clean(item, inside(place, index)))
}
const schemaMap: Cleaner = (value, place) => {
  if (!isObject(value)) throw unusable(place, 'an object of schemas')
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([key, item]) => [key, clean(item, inside(place, key))]))
}

const patternMap: Cleaner = (value, place) => {
  if (!isObject(value)) throw unusable(place, 'an object of schemas')
  const wrong = Object.keys(value).find((key) => !isPattern(key, ''))
  if (wrong !== undefined) throw unusable(inside(place, wrong), PATTERN)
  const usable = Object.entries(value).filter(([key]) => isPattern(key, 'u'))
  return schemaMap(Object.fromEntries(usable), place)
}

/** The keywords that the CLI's validator (draft 7, strict mode) accepts. */
const KEYWORDS: Readonly<Record<string, Cleaner>> = {
  ...{ title: text, description: text, default: any, examples: any, format: text },
  ...{ deprecated: flag, readOnly: flag, writeOnly: flag },
  ...{ minimum: number, maximum: number, exclusiveMinimum: number, exclusiveMaximum: number },
  multipleOf: (value) => (Number(value) > 0 ? value : undefined),
  ...{ minLength: count, maxLength: count, minItems: count, maxItems: count },
  ...{ minProperties: count, maxProperties: count, uniqueItems: flag, required: names },
  ...{ anyOf: schemas, oneOf: schemas, allOf: schemas, not: clean, contains: clean },
  ...{ properties: schemaMap, patternProperties: patternMap, $defs: schemaMap },
  ...{ definitions: schemaMap, propertyNames: clean, additionalProperties: clean },
  items: (value, place) => (Array.isArray(value) ? schemas(value, place) : clean(value, place)),
  const: any,
  enum: (value, place) => {
    if (!Array.isArray(value) || value.length === 0) throw unusable(place, 'a list of values')
    const seen = new Map(value.map((item) => [JSON.stringify(item), item]))
    return [...seen.values()]
  },
  type: (value, place) => {
    const known = [value].flat().every((type) => TYPES.has(String(type)))
    if (!known) throw unusable(place, `one of ${[...TYPES].join(', ')}`)
    return value
  },
  pattern: (value, place) => {
    if (!isPattern(value, '')) throw unusable(place, PATTERN)
    return isPattern(value, 'u') ? value : undefined
  },
  $ref: (value, place) => {
    if (!resolves(value, place.root)) throw unusable(place, 'a reference into this schema')
    return value
  },
}

/**
 * Removes from the client's schema what the CLI's validator refuses: a newer `$schema`, keywords of
 * later drafts or of other tools. For a schema that it refuses, the CLI drops the tool for the
 * answer without a message, and the model does not learn of it. Removed keywords are still checked
 * when the answer is complete. A schema that no validator could use is an error.
 */
export function toCliSchema(schema: JsonSchema): JsonSchema {
  return { ...cleanObject(schema, { root: schema, path: '#' }) }
}

/** Whether the text is a regular expression that compiles. JSON Schema uses the flag `u`. */
export function isPattern(value: unknown, flags: '' | 'u'): boolean {
  if (typeof value !== 'string') return false
  if ([...value.matchAll(/\(\?<[^=!]/g)].length > MAX_NAMED_GROUPS) return false
  try {
    return Boolean(new RegExp(value, flags))
  } catch {
    return false
  }
}

function clean(value: unknown, place: Place): unknown {
  if (typeof value === 'boolean') return value
  if (!isObject(value)) throw unusable(place, 'a schema')
  return cleanObject(value, place)
}

function cleanObject(schema: JsonSchema, place: Place): JsonSchema {
  const entries = Object.entries(withTuples(schema)).flatMap(([key, value]) => {
    const cleaned = KEYWORDS[key]?.(value, inside(place, key))
    return cleaned === undefined ? [] : [[key, cleaned] as const]
  })
  return Object.fromEntries(entries)
}

/** Draft 7 calls `prefixItems` `items`. */
function withTuples({ prefixItems, ...schema }: JsonSchema): JsonSchema {
  return prefixItems === undefined ? schema : { ...schema, items: prefixItems }
}

function resolves(ref: unknown, root: JsonSchema): boolean {
  if (ref === '#') return true
  if (typeof ref !== 'string' || !ref.startsWith('#/')) return false
  const path = decoded(ref)?.slice(2).split('/')
  const target = path?.reduce<unknown>((at, key) => {
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~')
    return typeof at === 'object' && at !== null && Object.hasOwn(at, name)
      ? Reflect.get(at, name)
      : undefined
  }, root)
  return target !== undefined
}

/** Undefined for invalid escapes such as `%ZZ`. */
function decoded(ref: string): string | undefined {
  try {
    return decodeURIComponent(ref)
  } catch {
    return undefined
  }
}

function inside({ root, path }: Place, key: string | number): Place {
  return { root, path: `${path}/${key}` }
}

function unusable({ path }: Place, expected: string): TurnError {
  return new TurnError(
    'invalid_request',
    `The JSON schema is invalid at ${path.slice(0, MAX_PATH_LENGTH)}: expected ${expected}.`,
  )
}
