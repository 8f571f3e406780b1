import { isObject } from '../../conversation/is-object.ts'
import type { TurnError } from '../../errors.ts'
import { type CliText, isMarkFlood, MAX_MARKS } from './cli-text.ts'
import { invalid } from '../invalid.ts'

/** Longer keys are cut in headers and messages. */
const MAX_KEY_CHARS = 64

/** A place in a tool's schema, and what is reported while reading it. */
export type Place = {
  path: string
  /** Gets the path of everything that the CLI changes. */
  onChanged: (path: string) => void
  /** Called for keywords of an older draft. */
  onModernised: () => void
  texts: CliText
}

export function inside(place: Place, key: string | number): Place {
  const step = typeof key === 'number' ? `[${key}]` : `.${readable(key)}`
  return { ...place, path: place.path + step }
}

export function unusable({ path }: { path: string }, expected: string): TurnError {
  return invalid(path, `expected ${expected}`)
}

/** Reports a text that the CLI changes. */
export function noteText(text: string, place: Omit<Place, 'onModernised'>): void {
  if (place.texts.carries(text)) return
  if (isMarkFlood(text)) {
    throw unusable(place, `no more than ${MAX_MARKS} combining marks in a row`)
  }
  place.onChanged(place.path)
}

/**
 * Reports the parts of a plain JSON value (a default or an enum) that do not reach the model
 * unchanged.
 */
export function noteData(value: unknown, place: Place): void {
  if (typeof value === 'string') noteText(value, place)
  else if (typeof value === 'number') noteNumber(value, place)
  else if (Array.isArray(value)) value.forEach((item, i) => noteData(item, inside(place, i)))
  else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      const at = inside(place, key)
      noteKey(key, at)
      noteData(item, at)
    }
  }
}

export function noteKey(key: string, place: Place): void {
  // The CLI drops this key, and its value.
  if (key === '__proto__') throw unusable(place, 'another name: this one cannot be sent')
  noteText(key, place)
}

/** JSON has more numbers than JavaScript, so a parsed number may have been rounded. */
function noteNumber(value: number, place: Place): void {
  if (!Number.isFinite(value)) throw unusable(place, 'a number below 1.8e308')
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) place.onChanged(place.path)
}

function readable(key: string): string {
  const cut = key.length > MAX_KEY_CHARS ? `${key.slice(0, MAX_KEY_CHARS)}…` : key
  return /^[\w$-]+$/.test(cut) ? cut : JSON.stringify(cut)
}
