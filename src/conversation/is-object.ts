export type JsonObject = { readonly [key: string]: unknown }

/** Whether a value of JSON is an object: neither null nor a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
