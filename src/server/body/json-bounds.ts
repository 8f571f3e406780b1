import { TurnError } from '../../errors.ts'
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './json-text.ts'

/**
 * How large JSON may be, beside its bytes: reading and checking take their time for each value.
 * A history of 10,000 messages has about 100,000.
 */
export const MAX_VALUES = 200_000
/** What reads JSON calls itself for each level, and so does what writes it. */
export const MAX_DEPTH = 200

/** The key under which JSON is sent within a string: the arguments of a call. */
const JSON_WITHIN = 'arguments'
/** How much text is looked through at a time: 2 ms. */
const STEP_CHARS = 1024 * 1024

/** Counts what there is in a body, and refuses one that has too much. */
export class JsonCounter {
  #values = 0

  /** One or more values more. */
  count(values = 1): void {
    this.#values += values
    if (this.#values <= MAX_VALUES) return
    throw refused(`it has more than ${MAX_VALUES} values`)
  }

  /** An array or object that stands in so many others. */
  enter(depth: number): void {
    if (depth > MAX_DEPTH) throw refused(`it is nested deeper than ${MAX_DEPTH} levels`)
  }

  /**
   * Counts the JSON in a string under that key, step by step. It need not be valid: what is
   * counted is what might be one.
   */
  *within(key: string | undefined, text: string): Generator<void, void> {
    if (key !== JSON_WITHIN) return
    let depth = 0
    let isString = false
    for (let at = 0, pause = STEP_CHARS; at < text.length; at++) {
      const char = text.charCodeAt(at)
      if (char === QUOTE) isString = !isString
      else if (char === BACKSLASH) at++
      else if (!isString && (char === COMMA || char === OPEN_ARRAY || char === OPEN_OBJECT)) {
        this.count()
        if (char !== COMMA) this.enter(++depth)
      } else if (!isString && (char === CLOSE_ARRAY || char === CLOSE_OBJECT)) depth--
      if (at < pause) continue
      pause += STEP_CHARS
      yield
    }
  }
}

/** Checks a value that has been read. */
export function checkBounds(root: unknown): void {
  checkWithin(root, undefined, 1, new JsonCounter())
}

function checkWithin(
  value: unknown,
  key: string | undefined,
  depth: number,
  counter: JsonCounter,
): void {
  counter.count()
  if (typeof value === 'string') {
    for (const _ of counter.within(key, value));
    return
  }
  if (typeof value !== 'object' || value === null) return
  // Before anything deeper is looked at: this calls itself as well.
  counter.enter(depth)
  if (Array.isArray(value)) {
    for (const item of value) checkWithin(item, undefined, depth + 1, counter)
    return
  }
  for (const [inner, item] of Object.entries(value)) checkWithin(item, inner, depth + 1, counter)
}

function refused(reason: string): TurnError {
  return new TurnError('request_too_large', `The request body is too complex: ${reason}.`)
}
