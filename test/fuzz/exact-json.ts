declare global {
  interface JSON {
    /** What stands in JSON text for a number no double can hold. */
    rawJSON(text: string): unknown
  }
}

/** A number as it is written, however long: `JSON.stringify` writes it out again. */
export function exactNumber(digits: string): unknown {
  return JSON.rawJSON(digits)
}

/** JSON as a value that is written out again with the very same numbers. */
export function parseRaw(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? exactNumber(context?.source ?? String(value)) : value,
  )
}

/**
 * JSON in which a number that a double cannot hold exactly becomes a text that names it: so that
 * a rounded one shows. `1e21` and `1000000000000000000000` are the same number.
 */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && !isExact(value)
      ? `the number ${normalDigits(context?.source ?? String(value))}`
      : value,
  )
}

/** The value with its keys in order and its numbers in full, as one text to compare. */
export function canonical(value: unknown): string {
  return JSON.stringify(sorted(parseExactly(JSON.stringify(value ?? null))))
}

function isExact(value: number): boolean {
  return Number.isFinite(value) && (Number.isSafeInteger(value) || !Number.isInteger(value))
}

function normalDigits(source: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const short = digits.replace(/0+$/, '')
  return `${sign}${short}e${Number(exponent) - fraction.length + digits.length - short.length}`
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  // As a list of pairs: an object would put keys such as `1` first, whatever their order.
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { entries: entries.map(([key, inner]) => [key, sorted(inner)]) }
}
