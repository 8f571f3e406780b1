/**
 * What a schema means by draft 2020-12, whichever way it is written: docs/conformance.md lists what
 * is brought up to date on its way to the model. It shares no code with src.
 */
function meaningOf(schema: unknown): unknown {
  if (!isObject(schema)) return schema
  const required = new Set(asList(schema['required']).map(String))
  const entries = Object.entries(schema).flatMap(([key, value]): [string, unknown][] => {
    // Go writes null for what is not there.
    if (value === null && key !== 'const' && key !== 'default') return []
    switch (key) {
      case 'required':
        return []
      case 'properties':
        for (const name of markedIn(value)) required.add(name)
        return [[key, meaningsIn(value)]]
      case '$defs':
        return [[key, meaningsIn(value)]]
      case 'items':
      case 'additionalProperties':
        return [[key, meaningOf(value)]]
      case 'anyOf':
      case 'oneOf':
        return [[key, Array.isArray(value) ? value.map(meaningOf) : value]]
      case 'minimum':
        return schema['exclusiveMinimum'] === true ? [['exclusiveMinimum', value]] : [[key, value]]
      case 'exclusiveMinimum':
        return typeof value === 'boolean' ? [] : [[key, value]]
      case 'pattern':
        return [[key, withoutEscapes(String(value))]]
      default:
        return [[key, value]]
    }
  })
  return Object.fromEntries([
    ...entries,
    ...(required.size > 0
      ? [['required', [...required].toSorted((a, b) => (a < b ? -1 : 1))] as const]
      : []),
  ])
}

/** A tool's arguments are an object, whatever else the schema would allow. */
export function argumentsMeaning(schema: unknown): unknown {
  return meaningOf(isObject(schema) ? { ...schema, type: 'object' } : schema)
}

/** PHP writes an empty list for an empty object. */
function meaningsIn(value: unknown): unknown {
  if (!isObject(value)) return {}
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, meaningOf(inner)]))
}

/** Draft 3 marks the property, not the object. */
function markedIn(properties: unknown): string[] {
  return Object.entries(isObject(properties) ? properties : {}).flatMap(([name, property]) =>
    isObject(property) && property['required'] === true ? [name] : [],
  )
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function withoutEscapes(pattern: string): string {
  return pattern.replaceAll(/\\u([\da-f]{4})/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
