import { isObject, type JsonObject } from '../../conversation/is-object.ts'
import { toAsciiPattern } from './cli-text.ts'
import { modernised } from './schema-drafts.ts'
import { inside, noteData, noteKey, noteText, type Place, unusable } from './schema-place.ts'

/**
 * Converts a value into what the CLI accepts; undefined removes the keyword. Values with the same
 * meaning are repaired (an older draft's form, PHP's empty lists); for values that no validator
 * accepts, it throws.
 */
type Reader = (value: unknown, place: Place) => unknown

const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'])

const text: Reader = (value, place) => {
  if (typeof value !== 'string') throw unusable(place, 'a string')
  noteText(value, place)
  return value
}
const flag: Reader = (value, place) => {
  if (typeof value !== 'boolean') throw unusable(place, 'true or false')
  return value
}
const number: Reader = (value, place) => {
  if (typeof value !== 'number') throw unusable(place, 'a number')
  noteData(value, place)
  return value
}
const count: Reader = (value, place) => {
  if (!Number.isInteger(value) || Number(value) < 0) throw unusable(place, 'a count')
  return number(value, place)
}
const data: Reader = (value, place) => {
  noteData(value, place)
  return value
}
const pattern: Reader = (value, place) => {
  if (typeof value !== 'string') throw unusable(place, 'a regular expression')
  if (place.texts.carries(value)) return value
  if (!place.texts.isSpent) return toAsciiPattern(value)
  noteText(value, place)
  return value
}
const matching = (shape: RegExp, expected: string): Reader => {
  return (value, place) => {
    if (typeof value !== 'string' || !shape.test(value)) throw unusable(place, expected)
    return text(value, place)
  }
}

const names: Reader = (value, place) => {
  // Lua writes an empty list as an empty object.
  if (isObject(value) && Object.keys(value).length === 0) return []
  if (!Array.isArray(value)) throw unusable(place, 'a list of names')
  value.forEach((name, index) => text(name, inside(place, index)))
  return unique(value)
}

const schema: Reader = (value, place) => {
  if (typeof value === 'boolean') return value
  // PHP writes an empty object as an empty list.
  if (Array.isArray(value) && value.length === 0) return {}
  if (!isObject(value)) throw unusable(place, 'a schema')
  return readSchema(value, place)
}
const schemas: Reader = (value, place) => {
  if (!Array.isArray(value) || value.length === 0) throw unusable(place, 'a list of schemas')
  return value.map((item, index) => schema(item, inside(place, index)))
}
/** An object whose keys are names or patterns, and whose values are read by `read`. */
const map = (read: Reader, keys: 'names' | 'patterns' = 'names'): Reader => {
  return (value, place) => {
    if (Array.isArray(value) && value.length === 0) return {}
    if (!isObject(value)) throw unusable(place, 'an object')
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        const at = inside(place, key)
        if (keys === 'names') noteKey(key, at)
        return [keys === 'names' ? key : String(pattern(key, at)), read(item, at)]
      }),
    )
  }
}

const type: Reader = (value, place) => {
  const list = [value].flat().map((name) => (typeof name === 'string' ? name.toLowerCase() : ''))
  // Draft 3 has `any`; later drafts leave the type out.
  if (list.includes('any')) return undefined
  if (list.length === 0 || !list.every((name) => TYPES.has(name))) {
    throw unusable(place, `one of ${[...TYPES].join(', ')}`)
  }
  return Array.isArray(value) ? unique(list) : list[0]
}

const readEnum: Reader = (value, place) => {
  if (!Array.isArray(value)) throw unusable(place, 'a list of values')
  return data(value, place)
}
const examples: Reader = (value, place) => data(Array.isArray(value) ? value : [value], place)
const divisor: Reader = (value, place) => {
  if (!(Number(value) > 0)) throw unusable(place, 'a number above 0')
  return number(value, place)
}
const dependency: Reader = (value, place) => {
  if (typeof value === 'string') return names([value], place)
  return Array.isArray(value) ? names(value, place) : schema(value, place)
}
const anchor = matching(/^[A-Za-z_][-A-Za-z0-9._]*$/, 'a name of letters, digits, _ . or -')

/** The keywords that the validator of draft 2020-12 checks; it ignores all others. */
const READERS: readonly [reader: Reader, keywords: string][] = [
  [text, 'title description $comment format $ref $dynamicRef $recursiveRef $schema'],
  [text, 'contentMediaType contentEncoding'],
  [pattern, 'pattern'],
  [matching(/^[^#]*#?$/, 'a URI without a fragment'), '$id'],
  [anchor, '$anchor $dynamicAnchor $recursiveAnchor'],
  [type, 'type'],
  [data, 'const default'],
  [readEnum, 'enum'],
  [examples, 'examples'],
  [number, 'minimum maximum exclusiveMinimum exclusiveMaximum'],
  [divisor, 'multipleOf'],
  [count, 'minLength maxLength minItems maxItems minProperties maxProperties'],
  [count, 'minContains maxContains'],
  [flag, 'uniqueItems deprecated readOnly writeOnly'],
  [names, 'required'],
  [schemas, 'anyOf oneOf allOf prefixItems'],
  [schema, 'not if then else contains items additionalProperties propertyNames contentSchema'],
  [schema, 'unevaluatedProperties unevaluatedItems'],
  [map(schema), 'properties dependentSchemas $defs definitions'],
  [map(schema, 'patterns'), 'patternProperties'],
  [map(names), 'dependentRequired'],
  [map(dependency), 'dependencies'],
  [map(flag), '$vocabulary'],
]
const KEYWORDS = new Map(
  READERS.flatMap(([reader, keywords]) =>
    keywords.split(' ').map((keyword): [string, Reader] => [keyword, reader]),
  ),
)

/** For these keywords null is a value; elsewhere it is Go's way to leave a field empty. */
const DATA = new Set(['const', 'default'])

/** Reads a schema with all schemas inside it. */
export function readSchema(given: JsonObject, place: Place): JsonObject {
  const current = modernised(given)
  if (current !== given) place.onModernised()
  const entries = Object.entries(current).flatMap(([key, value]) => {
    const at = inside(place, key)
    const known = KEYWORDS.get(key)
    if (!known) noteKey(key, at)
    if (value === null && known && !DATA.has(key)) return []
    const read = (known ?? data)(value, at)
    return read === undefined ? [] : [[key, read] as const]
  })
  return Object.fromEntries(entries)
}

function unique(values: readonly unknown[]): unknown[] {
  return [...new Set(values)]
}
