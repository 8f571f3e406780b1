import { isObject, type JsonObject } from '../conversation/is-object.ts'
import { isNeutral, type ParameterPolicy, type ParameterTable, refused } from './parameters.ts'

/** How many fields are named, because headers are short. */
const MAX_NAMED = 200

/**
 * The fields of a request, at any depth, that have no effect: `messages[2].name`. `read` is the
 * parsed body, without the fields that the schema does not know. A rule of the table may leave a
 * field unreported, or report one that the schema reads although it has no effect. In its name `[]`
 * is any index, and `**.` any place.
 */
export function unreadFields(
  table: ParameterTable,
  body: object,
  read: object,
  { strict }: Pick<ParameterPolicy, 'strict'>,
): string[] {
  const walk = new Walk(table)
  walk.visit(body, read)
  const [first] = walk.unread
  if (strict && first !== undefined) throw refused(first, 'it would be ignored')
  return walk.unread
}

type Step = string | number

class Walk {
  readonly unread: string[] = []
  readonly #table: ParameterTable
  readonly #trail: Step[] = []
  /** The last part of each name in the table, because most fields match no rule. */
  readonly #named: ReadonlySet<string>

  constructor(table: ParameterTable) {
    this.#table = table
    this.#named = new Set(Object.keys(table).map((name) => name.replace(/^.*\./, '')))
  }

  visit(given: unknown, read: unknown): void {
    if (given === read || this.unread.length >= MAX_NAMED) return
    if (Array.isArray(given) && Array.isArray(read)) this.#visitItems(given, read)
    else if (isObject(given) && isObject(read)) this.#visitFields(given, read)
  }

  #visitItems(given: readonly unknown[], read: readonly unknown[]): void {
    for (const [index, item] of given.entries()) {
      const seen = read[index]
      // Of a kind that is passed over or named as a whole nothing is read but that.
      if (isObject(seen) && Object.keys(seen).join() === 'type') continue
      this.#trail.push(index)
      this.visit(item, seen)
      this.#trail.pop()
    }
  }

  #visitFields(given: JsonObject, read: JsonObject): void {
    for (const key of Object.keys(given)) {
      this.#trail.push(key)
      this.#visitField(key, given[key], read)
      this.#trail.pop()
    }
  }

  #visitField(key: string, value: unknown, read: JsonObject): void {
    const rule = this.#named.has(key) ? this.#ruleOf(key) : undefined
    const isRead = Object.hasOwn(read, key)
    if (isRead && !rule?.evenIfRead) return this.visit(value, read[key])
    // The top-level parameters are handled by `ignoredParameters`.
    if (rule?.treatment === 'passed over' || (rule && this.#trail.length === 1)) return
    if (!isNeutral(value, { neutral: ['', ...(rule?.neutral ?? [])] })) {
      this.unread.push(toPath(this.#trail))
    }
  }

  #ruleOf(key: string): ParameterTable[string] | undefined {
    const place = toPath(this.#trail.map((step) => (typeof step === 'number' ? '[]' : step)))
    return this.#table[place] ?? this.#table[`**.${key}`]
  }
}

function toPath(trail: readonly Step[]): string {
  return trail.reduce<string>((path, step) => {
    if (typeof step === 'number') return `${path}[${step}]`
    if (step === '[]') return `${path}[]`
    return path === '' ? step : `${path}.${step}`
  }, '')
}
