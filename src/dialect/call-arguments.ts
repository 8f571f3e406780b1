/** The input of a call, and whether it is the value that the client wrote. */
export type CallArguments = { input: unknown; isExact: boolean }

/**
 * Arguments are the model's own words, sent back as text. The CLI reads them as JavaScript does:
 * numbers become doubles, of a key that stands twice the last counts, and half a surrogate pair
 * becomes U+FFFD. What is no JSON object (it was cut off) is handed back inside of one.
 */
export function readCallArguments(json: string): CallArguments {
  if (json.trim() === '') return { input: {}, isExact: true }
  try {
    const value: unknown = JSON.parse(json)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!isObject) return { input: { value }, isExact: false }
    return { input: value, isExact: isExactText(json, value) }
  } catch {
    return { input: { arguments: json }, isExact: false }
  }
}

/**
 * Whether a value that was parsed elsewhere may be what the client wrote. What its numbers were
 * cannot be told: those beyond the exact integers count as altered.
 */
export function isExactValue(value: unknown): boolean {
  const { isWellFormed, hasLargeNumber } = survey(value)
  return isWellFormed && !hasLargeNumber
}

/** `json` is valid, and `value` is what became of it. */
function isExactText(json: string, value: object): boolean {
  const NUMBER = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/iy
  let keys = 0
  let compared = 0
  for (let at = 0; at < json.length; at++) {
    const char = json.charAt(at)
    if (char === '"') {
      at = endOfString(json, at)
      if (isKeyEnd(json, at)) keys++
    } else if (char === '-' || (char >= '0' && char <= '9')) {
      NUMBER.lastIndex = at
      const [literal = ''] = NUMBER.exec(json) ?? []
      at += literal.length - 1
      if (isShort(literal)) continue
      const read = String(Number(literal))
      if (literal === read) continue
      if (++compared > MAX_COMPARED || decimal(literal) !== decimal(read)) return false
    }
  }
  const seen = survey(value)
  return keys === seen.keys && seen.isWellFormed
}

/** Numbers that need a closer look; nobody's arguments have more, and it takes its time. */
const MAX_COMPARED = 10_000

/** So few digits are a double without loss. */
function isShort(literal: string): boolean {
  return literal.length <= 15 && !/e/i.test(literal)
}

/** The place of the quotation mark that ends the string which begins at `start`. */
function endOfString(json: string, start: number): number {
  let end = start
  let slashes: number
  do {
    end = json.indexOf('"', end + 1)
    slashes = 0
    while (json[end - 1 - slashes] === '\\') slashes++
  } while (slashes % 2 === 1)
  return end
}

function isKeyEnd(json: string, end: number): boolean {
  let next = end + 1
  while (' \t\n\r'.includes(json[next] ?? '.')) next++
  return json[next] === ':'
}

/** The same text for the same number: its sign, its digits, and where the point is. */
function decimal(literal: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(literal) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = withoutTrailingZeros(digits)
  if (significant === '') return whole === '' ? literal : '0'
  const scale = Number(exponent) - fraction.length + (digits.length - significant.length)
  return `${sign}${significant}e${scale}`
}

function withoutTrailingZeros(digits: string): string {
  let end = digits.length
  while (digits[end - 1] === '0') end--
  return digits.slice(0, end)
}

/** Whether no text in a value holds half a surrogate pair. */
export function hasWholeTexts(value: unknown): boolean {
  return survey(value).isWellFormed
}

/** What there is in a value, however deep. */
function survey(value: unknown): { keys: number; isWellFormed: boolean; hasLargeNumber: boolean } {
  const seen = { keys: 0, isWellFormed: true, hasLargeNumber: false }
  const left: unknown[] = [value]
  while (left.length > 0) {
    const one = left.pop()
    if (typeof one === 'string') seen.isWellFormed &&= one.isWellFormed()
    if (typeof one === 'number') seen.hasLargeNumber ||= isLarge(one)
    if (typeof one !== 'object' || one === null) continue
    if (Array.isArray(one)) {
      for (const inner of one) left.push(inner)
      continue
    }
    for (const [key, inner] of Object.entries(one)) {
      seen.keys++
      seen.isWellFormed &&= key.isWellFormed()
      left.push(inner)
    }
  }
  return seen
}

function isLarge(value: number): boolean {
  return !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))
}
