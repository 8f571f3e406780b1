import { invalid } from '../invalid.ts'

/** No tool needs as much; the CLI fails from about 10,000 levels, and is slow long before that. */
const MAX_DEPTH = 500
/** Objects, lists, texts and numbers in all schemas of a request: the CLI takes 1 s for as many. */
const MAX_VALUES = 100_000

/**
 * Counts what one request's schemas hold, in linear time and without recursion, so that all that
 * comes after may recurse. Throws if it is too much.
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
