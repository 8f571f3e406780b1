import { isObject } from '../../conversation/is-object.ts'

/** The input of a call, and whether it is the value that the client wrote. */
export type CallArguments = { input: unknown; isExact: boolean }

/**
 * Parses the arguments of a call, which are text. The CLI parses them as JavaScript does: numbers
 * become doubles, the last of duplicate keys counts, and a lone surrogate becomes U+FFFD. Text that
 * is not a JSON object, because it was cut off, is put inside one.
 */
export function readCallArguments(json: string): CallArguments {
  if (json.trim() === '') return { input: {}, isExact: true }
  try {
    const value: unknown = JSON.parse(json)
    if (!isObject(value)) return { input: { value }, isExact: false }
    return { input: value, isExact: isExactText(json, value) }
  } catch {
    return { input: { arguments: json }, isExact: false }
  }
}

/**
 * Whether a value that was parsed elsewhere may be what the client wrote. Its numbers in text form
 * are unknown, so integers that a double cannot represent exactly count as changed.
 */
export function isExactValue(value: unknown): boolean {
  const { isWellFormed, hasLargeNumber } = survey(value)
  return isWellFormed && !hasLargeNumber
}

/** Whether `value`, parsed from the valid JSON `json`, is exactly what the text says. */
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

/**
 * How many numbers are compared digit by digit. Real arguments have fewer, and comparing takes
 * time.
 */
const MAX_COMPARED = 10_000

/** A number with so few digits is exact as a double. */
function isShort(literal: string): boolean {
  return literal.length <= 15 && !/e/i.test(literal)
}

/** The index of the quotation mark that ends the string beginning at `start`. */
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

/** A normal form: equal for equal numbers. */
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

/** Whether no string in a value contains a lone surrogate. */
export function hasWholeTexts(value: unknown): boolean {
  return survey(value).isWellFormed
}

/** Collects what the checks need to know about a value, at any depth. */
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
