import { isObject } from '../../conversation/is-object.ts'
import type { JsonSchema } from '../../conversation/types.ts'
import { readSchema } from './schema-keywords.ts'
import { inside, type Place, unusable } from './schema-place.ts'

/** The names that the model API accepts for the parameters of a tool. */
const PARAMETER = /^[\w.-]{1,64}$/
/**
 * The CLI merges these into one list of properties, because the model API does not accept them at
 * the top.
 */
const FLATTENED = ['anyOf', 'oneOf', 'allOf']
const CURRENT_DRAFT = /^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/

/**
 * Converts the schema of a tool's arguments into what the CLI accepts. The CLI drops a tool, or all
 * tools, without a message if it does not accept a schema. So schemas with the same meaning are
 * repaired, changes by the CLI are reported to `place`, and anything else throws.
 */
export function toToolSchema(
  given: JsonSchema | null | undefined,
  start: Omit<Place, 'onModernised'>,
): JsonSchema {
  if (!given) return { type: 'object', properties: {} }
  let isOlder = false
  const onModernised = () => {
    isOlder = true
  }
  const place = { ...start, onModernised }
  const { type, ...parts } = given
  const read = readSchema({ type: rootType(type, inside(place, 'type')), ...parts }, place)
  const { properties } = read
  for (const name of Object.keys(isObject(properties) ? properties : {})) {
    if (PARAMETER.test(name)) continue
    throw unusable(
      inside(inside(place, 'properties'), name),
      'a name of 1 to 64 letters, digits, _ . or -, which are all that the model API takes here',
    )
  }
  for (const key of flattened(read)) place.onChanged(inside(place, key).path)
  const { $schema, ...rest } = read
  // A schema that was converted must not be read by the rules of an older draft.
  return isOlder && typeof $schema === 'string' && !CURRENT_DRAFT.test($schema) ? rest : read
}

/**
 * The keywords of a tool's schema that the CLI replaces by a sentence in the tool's description.
 */
export function flattened(schema: JsonSchema): string[] {
  return FLATTENED.filter((key) => Object.hasOwn(schema, key))
}

/** Arguments are an object, whatever else the schema allows. */
const ARGUMENTS = /^(object|any)$/i

function rootType(type: unknown, place: Place): 'object' {
  const names: unknown[] = [type ?? 'object'].flat()
  if (names.some((name) => typeof name === 'string' && ARGUMENTS.test(name))) return 'object'
  throw unusable(place, "'object'")
}
