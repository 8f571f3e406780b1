import { invalid } from '../invalid.ts'

/** More than any tool needs. The CLI fails at about 10,000 levels, and is slow long before that. */
const MAX_DEPTH = 500
/**
 * The most objects, lists, texts and numbers in all schemas of a request. The CLI takes 1 s for
 * this many.
 */
const MAX_VALUES = 100_000

/**
 * Counts the values of one request's schemas in linear time and without recursion, so that later
 * steps may recurse. Throws if there are too many.
 */
export class SchemaBounds {
  #values = 0

  check(schema: unknown, path: string): void {
    let level = this.#inside(schema, path)
    for (let depth = 1; level.length > 0; depth++) {
      if (depth > MAX_DEPTH) throw invalid(path, `it is nested deeper than ${MAX_DEPTH} levels`)
      level = level.flatMap((value) => this.#inside(value, path))
    }
  }

  #inside(value: unknown, path: string): readonly unknown[] {
    if (typeof value !== 'object' || value === null) return []
    const values: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
    this.#values += values.length
    if (this.#values <= MAX_VALUES) return values
    throw invalid(path, `the tools' schemas have more than ${MAX_VALUES} values together`)
  }
}
