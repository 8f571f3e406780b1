import type { JsonSchema } from '../../../src/conversation/types.ts'
import type { Random } from '../../soak/random.ts'

/** Keywords of draft 2020-12 by what they hold. */
const ONE = ['items', 'contains', 'additionalProperties', 'propertyNames', 'not']
const BRANCHES = ['if', 'then', 'else']
const LISTS = ['prefixItems', 'anyOf', 'oneOf', 'allOf']
const MAPS = ['properties', 'patternProperties', 'dependentSchemas', '$defs']

type Change = (schema: JsonSchema) => JsonSchema

const isSchema = (item: unknown): item is JsonSchema =>
  typeof item === 'object' && item !== null && !Array.isArray(item)

/** Changes a schema and all below it, the lowest first. */
function everywhere(change: Change, given: JsonSchema): JsonSchema {
  const below = (item: unknown) => (isSchema(item) ? everywhere(change, item) : item)
  const entries = Object.entries(given).map(([key, item]): [string, unknown] => {
    if (ONE.includes(key) || BRANCHES.includes(key)) return [key, below(item)]
    if (LISTS.includes(key) && Array.isArray(item)) return [key, item.map(below)]
    if (!MAPS.includes(key) || !isSchema(item)) return [key, item]
    return [key, Object.fromEntries(Object.entries(item).map(([name, one]) => [name, below(one)]))]
  })
  return change(Object.fromEntries(entries))
}

/** The same schema by an older draft. */
export function inDraft(draft: '4' | '7', schema: JsonSchema): JsonSchema {
  const old = everywhere((one) => asTuple(asDependencies(one)), schema)
  const $schema = `http://json-schema.org/draft-0${draft}/schema#`
  return { $schema, ...(draft === '4' ? everywhere(asExclusiveFlag, old) : old) }
}

function asTuple({ prefixItems, items, ...rest }: JsonSchema): JsonSchema {
  if (prefixItems === undefined) return { ...rest, ...(items !== undefined && { items }) }
  return { ...rest, items: prefixItems, ...(items !== undefined && { additionalItems: items }) }
}

function asDependencies(schema: JsonSchema): JsonSchema {
  const { dependentRequired, dependentSchemas, ...rest } = schema
  const isBoth = dependentRequired !== undefined && dependentSchemas !== undefined
  // The validator resolves no reference below `dependencies`.
  const refers = JSON.stringify(dependentSchemas ?? {}).includes('"$ref"')
  if (isBoth || refers) return schema
  const dependencies = dependentRequired ?? dependentSchemas
  return { ...rest, ...(dependencies !== undefined && { dependencies }) }
}

function asExclusiveFlag(schema: JsonSchema): JsonSchema {
  const { exclusiveMinimum, exclusiveMaximum, ...rest } = schema
  return {
    ...rest,
    ...(exclusiveMinimum !== undefined && { minimum: exclusiveMinimum, exclusiveMinimum: true }),
    ...(exclusiveMaximum !== undefined && { maximum: exclusiveMaximum, exclusiveMaximum: true }),
  }
}

/** Keywords that Go's marshaller writes as null where there is nothing to say. */
const NULLABLE = ['description', 'enum', 'required', 'properties', 'items', 'minimum', 'anyOf']

/** The same schema as careless programs write it: each of these is seen in the wild. */
export function carelessly(schema: JsonSchema, random: Random): JsonSchema {
  const written = (one: JsonSchema): JsonSchema =>
    [asTuple, asExclusiveFlag, loudType, doubledNames, emptyList, marks, nulls].reduce(
      (given, change) => (random.chance(0.5) ? change(given, random) : given),
      one,
    )
  const { type, ...rest } = everywhere(written, schema)
  // At the top a tool's schema may well say nothing of its type.
  return random.chance(0.5) ? rest : { type, ...rest }
}

function nulls(schema: JsonSchema, random: Random): JsonSchema {
  const absent = NULLABLE.filter((key) => !(key in schema) && random.chance(0.3))
  return { ...schema, ...Object.fromEntries(absent.map((key) => [key, null])) }
}

/** Google's style. */
function loudType({ type, ...rest }: JsonSchema): JsonSchema {
  if (typeof type === 'string') return { ...rest, type: type.toUpperCase() }
  return { ...rest, ...(Array.isArray(type) && { type: [...type, type[0]] }) }
}

function doubledNames({ required, ...rest }: JsonSchema): JsonSchema {
  if (!Array.isArray(required)) return { ...rest, ...(required !== undefined && { required }) }
  // Lua cannot tell an empty list from an empty object.
  return { ...rest, required: required.length === 0 ? {} : [...required, ...required] }
}

/** PHP cannot either, and writes the list. */
function emptyList(schema: JsonSchema): JsonSchema {
  const { properties } = schema
  const isEmpty = isSchema(properties) && Object.keys(properties).length === 0
  return isEmpty ? { ...schema, properties: [] } : schema
}

/** Draft 3 marks a property as required, where later ones have a list. */
function marks(schema: JsonSchema, random: Random): JsonSchema {
  const { properties, required } = schema
  if (!isSchema(properties)) return schema
  const listed: unknown[] = Array.isArray(required) ? required : []
  const moved = Object.keys(properties).filter((name) => {
    const property = properties[name]
    return isSchema(property) && !('required' in property) && random.chance(0.7)
  })
  const marked = Object.entries(properties).map(([name, property]) =>
    moved.includes(name) && isSchema(property)
      ? [name, { ...property, required: listed.includes(name) }]
      : [name, property],
  )
  const left = listed.filter((name) => typeof name !== 'string' || !moved.includes(name))
  return {
    ...schema,
    properties: Object.fromEntries(marked),
    ...(Array.isArray(required) && { required: left }),
  }
}
