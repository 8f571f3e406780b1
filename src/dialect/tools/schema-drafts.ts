import { isObject, type JsonObject } from './schema-place.ts'

/**
 * The schema with what drafts 3 to 7 say in another way said as draft 2020-12 has it; itself if
 * there is nothing of the kind. What is below it is as it was.
 */
export function modernised(given: JsonObject): JsonObject {
  return withAnchor(withLimit('Minimum', withLimit('Maximum', withTuple(withRequired(given)))))
}

/** Draft 3 marks the property as required, later ones list it in the object. */
function withRequired(given: JsonObject): JsonObject {
  const { properties, required, ...rest } = given
  const marked = Object.entries(isObject(properties) ? properties : {})
    .filter(([, property]) => isObject(property) && property['required'] === true)
    .map(([name]) => name)
  if (marked.length === 0 && typeof required !== 'boolean') return given
  const list = [...(Array.isArray(required) ? required : []), ...marked]
  return {
    ...rest,
    ...(properties !== undefined && { properties }),
    ...(list.length > 0 && { required: list }),
  }
}

/** Up to draft 4 the limit stands in `minimum`, and `exclusiveMinimum` says that it is excluded. */
function withLimit(side: 'Minimum' | 'Maximum', given: JsonObject): JsonObject {
  const { [side.toLowerCase()]: limit, [`exclusive${side}`]: exclusive, ...rest } = given
  if (typeof exclusive !== 'boolean') return given
  if (limit === undefined) return rest
  return { ...rest, [exclusive ? `exclusive${side}` : side.toLowerCase()]: limit }
}

/** Up to 2019-09 a list of items was a tuple. */
function withTuple(given: JsonObject): JsonObject {
  const { items, additionalItems, ...rest } = given
  if (!Array.isArray(items)) return given
  return {
    ...rest,
    ...(items.length > 0 && { prefixItems: items }),
    ...(additionalItems !== undefined && { items: additionalItems }),
  }
}

/** Up to draft 7 a name for `$ref` was an `$id` that is a fragment. */
function withAnchor(given: JsonObject): JsonObject {
  const { $id, ...rest } = given
  if (typeof $id !== 'string' || !/^#./.test($id)) return given
  return { ...rest, $anchor: $id.slice(1) }
}
