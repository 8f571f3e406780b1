import type { Pacer } from './pacer.ts'
import { JsonCounter } from './json-bounds.ts'
import { addTo, type Container } from './json-container.ts'
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  isBlank,
  isLiteral,
  OPEN_ARRAY,
  OPEN_OBJECT,
  pieceEnd,
  QUOTE,
} from './json-text.ts'

/** A longer string is read in pieces of this many bytes. */
const PIECE_BYTES = 256 * 1024
/** The most characters of a number. */
const MAX_NUMBER_CHARS = 1_000
/**
 * How many tokens are read between two looks at the clock; also the most white space in one token.
 */
const TOKENS = 64
const MAX_BLANKS = 4 * 1024

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end' | 'end'

/**
 * `JSON.parse` in slices, so that a large body does not block the server. The result is the same.
 * Values are counted while reading, so that there are never too many in memory.
 */
export async function parseJsonPaced(bytes: Buffer, pacer: Pacer): Promise<unknown> {
  const parser = new JsonParser(bytes, pacer)
  for (let tokens = 1; parser.step(); tokens++) {
    if (parser.long) await parser.readLong()
    else if (tokens % TOKENS === 0 && pacer.isDue) await pacer.rest()
  }
  return parser.root
}

class JsonParser {
  readonly #bytes: Buffer
  readonly #pacer: Pacer
  readonly #counter = new JsonCounter()
  readonly #open: Container[] = []
  /** For each open object, the key of the next value. */
  readonly #keys: string[] = []
  #expected: Expected = 'value'
  #at = 0
  /** The first backslash at or after `#at`. */
  #backslash = -1
  root: unknown
  /** A string that takes more than one slice; `readLong` reads it. */
  long: { from: number; end: number | undefined; isKey: boolean } | undefined

  constructor(bytes: Buffer, pacer: Pacer) {
    this.#bytes = bytes
    this.#pacer = pacer
  }

  /** Reads one token; returns false at the end. */
  step(): boolean {
    const char = this.#skipBlanks()
    // There may be more white space than is read at once.
    if (isBlank(char)) return true
    if (char === undefined) {
      if (this.#expected === 'end') return false
      throw new SyntaxError('Unexpected end of JSON input')
    }
    switch (this.#expected) {
      case 'value or ]':
        if (char === CLOSE_ARRAY) return this.#close()
        return this.#value(char)
      case 'value':
        return this.#value(char)
      case 'key or }':
        if (char === CLOSE_OBJECT) return this.#close()
        return this.#key(char)
      case 'key':
        return this.#key(char)
      case ':':
        this.#at++
        if (char !== COLON) throw this.#unexpected()
        this.#expected = 'value'
        return true
      case ', or end':
        return this.#separator(char)
      case 'end':
        throw this.#unexpected()
      default:
        return this.#expected satisfies never
    }
  }

  /** Reads the string at `long`, with pauses for other work. */
  async readLong(): Promise<void> {
    if (!this.long) return
    const { from, isKey } = this.long
    const end = this.long.end ?? (await this.#endPaced(from))
    this.long = undefined
    let text = ''
    for (let at = from; at < end;) {
      const to = Math.min(end, pieceEnd(this.#bytes, at, at + PIECE_BYTES))
      text += this.#decode(at, to)
      at = to
      if (this.#pacer.isDue) await this.#pacer.rest()
    }
    this.#at = end + 1
    if (!isKey) {
      for (const _ of this.#counter.within(this.#keys.at(-1), text)) {
        if (this.#pacer.isDue) await this.#pacer.rest()
      }
    }
    this.#take(text, isKey)
  }

  #skipBlanks(): number | undefined {
    const bytes = this.#bytes
    const most = this.#at + MAX_BLANKS
    while (this.#at < most && isBlank(bytes[this.#at])) this.#at++
    return bytes[this.#at]
  }

  #value(char: number): true {
    this.#counter.count()
    if (char === QUOTE) return this.#string(false)
    if (char === OPEN_OBJECT) return this.#enter({}, 'key or }')
    if (char === OPEN_ARRAY) return this.#enter([], 'value or ]')
    const from = this.#at
    const most = from + MAX_NUMBER_CHARS
    while (this.#at < most && isLiteral(this.#bytes[this.#at])) this.#at++
    if (this.#at === from || this.#at === most) throw this.#unexpected(from)
    return this.#take(this.#parse(this.#bytes.toString('latin1', from, this.#at), from), false)
  }

  #key(char: number): true {
    if (char !== QUOTE) throw this.#unexpected()
    return this.#string(true)
  }

  #string(isKey: boolean): true {
    const from = this.#at + 1
    const quote = this.#bytes.indexOf(QUOTE, from)
    if (this.#backslash < from) {
      const next = this.#bytes.indexOf(BACKSLASH, from)
      this.#backslash = next === -1 ? this.#bytes.length : next
    }
    const end = quote === -1 || this.#backslash < quote ? this.#end(from) : quote
    if (end === undefined || end - from > PIECE_BYTES) {
      this.long = { from, end, isKey }
      return true
    }
    this.#at = end + 1
    const text = this.#decode(from, end)
    // Short enough to be counted at once.
    if (!isKey) for (const _ of this.#counter.within(this.#keys.at(-1), text));
    return this.#take(text, isKey)
  }

  /** The end of a string with escapes; undefined if it is far away. */
  #end(from: number): number | undefined {
    const most = Math.min(this.#bytes.length, from + PIECE_BYTES)
    for (let at = from; at < most; at++) {
      const char = this.#bytes[at]
      if (char === QUOTE) return at
      if (char === BACKSLASH) at++
    }
    return undefined
  }

  async #endPaced(from: number): Promise<number> {
    const bytes = this.#bytes
    for (let at = from, pause = from + PIECE_BYTES; at < bytes.length; at++) {
      const char = bytes[at]
      if (char === QUOTE) return at
      if (char === BACKSLASH) at++
      if (at < pause) continue
      pause = at + PIECE_BYTES
      if (this.#pacer.isDue) await this.#pacer.rest()
    }
    throw new SyntaxError('Unterminated string')
  }

  #decode(from: number, to: number): string {
    const text = this.#parse(`"${this.#bytes.toString('utf8', from, to)}"`, from)
    return typeof text === 'string' ? text : ''
  }

  #parse(json: string, from: number): unknown {
    try {
      return JSON.parse(json)
    } catch {
      throw this.#unexpected(from)
    }
  }

  #enter(container: Container, expected: Expected): true {
    this.#take(container, false)
    this.#open.push(container)
    this.#keys.push('')
    this.#counter.enter(this.#open.length)
    this.#at++
    this.#expected = expected
    return true
  }

  #close(): true {
    this.#open.pop()
    this.#keys.pop()
    this.#at++
    this.#expected = this.#open.length === 0 ? 'end' : ', or end'
    return true
  }

  #separator(char: number): true {
    const isList = Array.isArray(this.#open.at(-1))
    if (char === (isList ? CLOSE_ARRAY : CLOSE_OBJECT)) return this.#close()
    if (char !== COMMA) throw this.#unexpected()
    this.#at++
    this.#expected = isList ? 'value' : 'key'
    return true
  }

  #take(value: unknown, isKey: boolean): true {
    if (isKey) {
      this.#keys[this.#keys.length - 1] = String(value)
      this.#expected = ':'
      return true
    }
    const container = this.#open.at(-1)
    if (!container) this.root = value
    else addTo(container, this.#keys.at(-1) ?? '', value)
    this.#expected = container ? ', or end' : 'end'
    return true
  }

  #unexpected(at = this.#at): SyntaxError {
    return new SyntaxError(`Unexpected character at byte ${at}`)
  }
}
