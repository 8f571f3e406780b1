import { isObject, type JsonObject } from '../../conversation/is-object.ts'

/**
 * Rewrites keywords of drafts 3 to 7 as draft 2020-12 has them; returns the same object if there
 * are none. Schemas below this one are not changed.
 */
export function modernised(given: JsonObject): JsonObject {
  return withAnchor(withLimit('Minimum', withLimit('Maximum', withTuple(withRequired(given)))))
}

/** Draft 3 marks a property as required; later drafts list it in the object. */
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

/** Up to draft 4 the limit is in `minimum`, and `exclusiveMinimum` says that it is excluded. */
function withLimit(side: 'Minimum' | 'Maximum', given: JsonObject): JsonObject {
  const { [side.toLowerCase()]: limit, [`exclusive${side}`]: exclusive, ...rest } = given
  if (typeof exclusive !== 'boolean') return given
  if (limit === undefined) return rest
  return { ...rest, [exclusive ? `exclusive${side}` : side.toLowerCase()]: limit }
}

/** Up to 2019-09 a list in `items` was a tuple. */
function withTuple(given: JsonObject): JsonObject {
  const { items, additionalItems, ...rest } = given
  if (!Array.isArray(items)) return given
  return {
    ...rest,
    ...(items.length > 0 && { prefixItems: items }),
    ...(additionalItems !== undefined && { items: additionalItems }),
  }
}

/** Up to draft 7 an `$id` that is a fragment was a name for `$ref`. */
function withAnchor(given: JsonObject): JsonObject {
  const { $id, ...rest } = given
  if (typeof $id !== 'string' || !/^#./.test($id)) return given
  return { ...rest, $anchor: $id.slice(1) }
}
