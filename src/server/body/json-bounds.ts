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
 * The most values in a body, because reading and checking take time for each value. A history of
 * 10,000 messages has about 100,000.
 */
export const MAX_VALUES = 200_000
/** The deepest nesting, because readers and writers of JSON call themselves for each level. */
export const MAX_DEPTH = 200

/** The key whose value is JSON inside a string: the arguments of a call. */
const JSON_WITHIN = 'arguments'
/** How much text is scanned at a time; this takes 2 ms. */
const STEP_CHARS = 1024 * 1024

/** Counts the values of a body, and refuses one that has too many. */
export class JsonCounter {
  #values = 0

  /** Counts one or more values. */
  count(values = 1): void {
    this.#values += values
    if (this.#values <= MAX_VALUES) return
    throw refused(`it has more than ${MAX_VALUES} values`)
  }

  /** An array or object begins at this nesting depth. */
  enter(depth: number): void {
    if (depth > MAX_DEPTH) throw refused(`it is nested deeper than ${MAX_DEPTH} levels`)
  }

  /** Counts the values of JSON inside a string, step by step. The JSON need not be valid. */
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

/** Checks a parsed value. */
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
  // Checked before anything deeper, because this function calls itself, too.
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
