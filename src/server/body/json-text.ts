export const QUOTE = 0x22
export const BACKSLASH = 0x5c
export const COMMA = 0x2c
export const COLON = 0x3a
export const OPEN_ARRAY = 0x5b
export const CLOSE_ARRAY = 0x5d
export const OPEN_OBJECT = 0x7b
export const CLOSE_OBJECT = 0x7d
const LETTER_U = 0x75

/** The longest escape, `\\u0041`, has four digits. */
const MAX_DIGITS = 4

export function isBlank(char: number | undefined): boolean {
  return char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09
}

/** Whether the character may be part of a number, `true`, `false` or `null`. */
export function isLiteral(char = 0): boolean {
  const isDigit = char >= 0x30 && char <= 0x39
  const isLetter = (char >= 0x61 && char <= 0x7a) || char === 0x45
  return isDigit || isLetter || char === 0x2e || char === 0x2d || char === 0x2b
}

/**
 * Where to cut a string that begins at `from`: the last place up to `to` that is not inside an
 * escape or a character.
 */
export function pieceEnd(bytes: Uint8Array, from: number, to: number): number {
  const isEscaped = (at: number) => {
    let backslashes = 0
    while (at - backslashes > from && bytes[at - backslashes - 1] === BACKSLASH) backslashes++
    return backslashes % 2 === 1
  }
  let at = to
  // Continuation bytes of UTF-8; a character has at most three.
  while (((bytes[at] ?? 0) & 0xc0) === 0x80 && at > to - 3) at--
  if (isEscaped(at)) return at - 1
  for (let back = 1; back <= MAX_DIGITS; back++) {
    if (bytes[at - back] === LETTER_U && isEscaped(at - back)) return at - back - 1
  }
  return at
}
