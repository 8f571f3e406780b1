/** A text that is longer stands in a digest with one of its own: JSON of it takes twice as long. */
const LONG_CHARS = 64 * 1024

/** A name for a value: equal only for what is byte for byte the same. */
export function digestOf(value: unknown): string {
  return hash(JSON.stringify(value, shortened))
}

/** No text that is short enough to stand as it is has the length of a long one. */
function shortened(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= LONG_CHARS) return value
  // Lone surrogates are all the same in UTF-8, and so in the hash.
  const text = value.isWellFormed() ? value : JSON.stringify(value)
  return hash(text).padEnd(LONG_CHARS + 1)
}

function hash(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('base64')
}
