/** What the model API takes as the id of a call. */
const LEGAL = /^[A-Za-z0-9_-]+$/

/** A number behind an underscore at the end of an id: the CLI does not look at it. */
const NUMBER = /_\d+$/

/**
 * The ids of the calls in one history. The model API takes each id once, and the CLI pairs calls
 * with results after it has cut a number off their ends: where `look` is an id, the result of
 * `look_2` is replaced by an error. Ids are given in the order of the history and depend only on
 * what stands before them, so that the beginning of a conversation keeps its bytes as it grows.
 */
export class CallIds {
  readonly #taken = new Set<string>()
  /** What is left of the taken ids without their numbers. */
  readonly #stems = new Set<string>()
  /** The number to try next for an id that came before. */
  readonly #next = new Map<string, number>()

  /** Takes the id as it is; false if the model API or the CLI would not tell it from the others. */
  claim(id: string): boolean {
    if (!LEGAL.test(id) || !this.#isFree(id)) return false
    this.#taken.add(id)
    this.#stems.add(stem(id))
    return true
  }

  /** The client's id if it can stay as it is, or else one made of it. */
  assign(clientId: string): string {
    const legal = clientId.replaceAll(/[^A-Za-z0-9_-]/g, '-') || 'call'
    if (this.claim(legal)) return legal
    // The number stands behind a hyphen, which the CLI does not cut off.
    let number = this.#next.get(legal) ?? 2
    while (!this.claim(`${legal}-${number}`)) number++
    this.#next.set(legal, number + 1)
    return `${legal}-${number}`
  }

  #isFree(id: string): boolean {
    const isMixedUp = stem(id) !== id && this.#taken.has(stem(id))
    return !this.#taken.has(id) && !this.#stems.has(id) && !isMixedUp
  }
}

function stem(id: string): string {
  return id.replace(NUMBER, '')
}
