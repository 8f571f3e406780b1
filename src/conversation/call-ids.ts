/** The characters that the model API accepts in the id of a call. */
const LEGAL = /^[A-Za-z0-9_-]+$/

/** A number after an underscore at the end of an id, which the CLI ignores. */
const NUMBER = /_\d+$/

/**
 * The ids of the calls in one history. The model API accepts each id once. The CLI compares ids
 * without the number at their end: if `look` is an id, it replaces the result of `look_2` by an
 * error. Ids are assigned in the order of the history and depend only on what comes before, so that
 * the beginning of a conversation keeps its bytes as it grows.
 */
export class CallIds {
  readonly #taken = new Set<string>()
  /** The ids in use, without their numbers. */
  readonly #stems = new Set<string>()
  /** The number to try next, by id. */
  readonly #next = new Map<string, number>()

  /**
   * Reserves the id as it is; false if the model API or the CLI would confuse it with another one.
   */
  claim(id: string): boolean {
    if (!LEGAL.test(id) || !this.#isFree(id)) return false
    this.#taken.add(id)
    this.#stems.add(stem(id))
    return true
  }

  /** The client's id if it can be used, otherwise one made from it. */
  assign(clientId: string): string {
    const legal = clientId.replaceAll(/[^A-Za-z0-9_-]/g, '-') || 'call'
    if (this.claim(legal)) return legal
    // The number follows a hyphen, because the CLI ignores one after an underscore.
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
