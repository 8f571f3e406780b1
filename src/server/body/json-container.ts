export type Container = unknown[] | Record<string, unknown>

/** Adds a value to the end of a list, or to an object under the key. */
export function addTo(container: Container, key: string, value: unknown): void {
  if (Array.isArray(container)) container.push(value)
  else setOwn(container, key, value)
}

/** As in `JSON.parse`, a key never sets the prototype. */
function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value
  else {
    const property = { value, writable: true, enumerable: true, configurable: true }
    Object.defineProperty(object, key, property)
  }
}
