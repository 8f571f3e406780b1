import type { Json } from './tool-schemas.ts'

/**
 * What a schema means, in one way of writing it: draft 2020-12, keys in order, no null that says
 * nothing. Written apart from the code that it checks.
 */
export function meaningOf(schema: Json): Json {
  if (Array.isArray(schema)) return {}
  if (typeof schema !== 'object' || schema === null) return schema
  const said: { [key: string]: Json } = {}
  for (const key of Object.keys(schema).toSorted()) {
    const value = schema[key]
    const isValue = key === 'const' || key === 'default' || !KNOWN.has(key)
    if (value === undefined || (value === null && !isValue)) continue
    said[key] = isValue ? sorted(value) : partOf(key, value)
  }
  const { properties } = schema
  const marked = Object.entries(isRecord(properties) ? properties : {})
    .filter(([, property]) => isRecord(property) && property['required'] === true)
    .map(([name]) => name)
  const listed = Array.isArray(said['required']) ? said['required'] : []
  delete said['required']
  if (Array.isArray(schema['required']) || isRecord(schema['required']) || marked.length > 0) {
    said['required'] = [...new Set([...listed, ...marked])].map(String).toSorted()
  }
  if (typeof said['exclusiveMinimum'] === 'boolean') {
    const excluded = said['exclusiveMinimum'] && said['minimum'] !== undefined
    delete said['exclusiveMinimum']
    if (excluded) {
      said['exclusiveMinimum'] = said['minimum'] ?? 0
      delete said['minimum']
    }
  }
  if (Array.isArray(schema['items'])) {
    delete said['items']
    if (schema['items'].length > 0) said['prefixItems'] = schema['items'].map(meaningOf)
    const rest = schema['additionalItems']
    if (rest !== undefined && rest !== null) said['items'] = meaningOf(rest)
    delete said['additionalItems']
  }
  if (typeof said['$id'] === 'string' && /^#./.test(said['$id'])) {
    said['$anchor'] = said['$id'].slice(1)
    delete said['$id']
  }
  delete said['$schema']
  if (said['type'] === 'any') delete said['type']
  return sorted(said)
}

const SCHEMAS = new Set(['additionalProperties', 'not', 'items'])
const LISTS = new Set(['anyOf', 'oneOf', 'prefixItems'])
const MAPS = new Set(['properties', '$defs', 'definitions', 'patternProperties'])
const KNOWN = new Set([
  ...[...SCHEMAS, ...LISTS, ...MAPS, 'type', 'title', 'description', 'enum', 'examples', '$ref'],
  ...['required', 'minimum', 'exclusiveMinimum', 'minLength', 'multipleOf', 'pattern', 'format'],
  ...['$id', '$anchor', 'dependencies', '$schema'],
])

function partOf(key: string, value: Json): Json {
  if (SCHEMAS.has(key)) return meaningOf(value)
  if (LISTS.has(key) && Array.isArray(value)) return value.map(meaningOf)
  if (MAPS.has(key)) {
    const entries = Object.entries(isRecord(value) ? value : {})
    return Object.fromEntries(
      entries.map(([name, item]) => [
        key === 'patternProperties' ? unescaped(name) : name,
        meaningOf(item),
      ]),
    )
  }
  if (key === 'pattern' && typeof value === 'string') return unescaped(value)
  if (key === 'examples' && !Array.isArray(value)) return [sorted(value)]
  if (key === 'dependencies') {
    return Object.fromEntries(
      Object.entries(isRecord(value) ? value : {}).map(([k, v]) => [
        k,
        typeof v === 'string' ? [v] : v,
      ]),
    )
  }
  if (key !== 'type') return sorted(value)
  const types = [value].flat().map((name) => (typeof name === 'string' ? name.toLowerCase() : ''))
  if (types.includes('any')) return 'any'
  return Array.isArray(value) ? [...new Set(types)] : (types[0] ?? '')
}

/** A regular expression with its characters as they are. */
function unescaped(pattern: string): string {
  return pattern
    .replaceAll(/\\u([\da-f]{4})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
    .replaceAll(/\\([^\x20-\x7e])/g, '$1')
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key] ?? null)]),
  )
}

function isRecord(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
