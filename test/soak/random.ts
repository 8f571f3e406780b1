/** Numbers that a seed decides, so that a run can be repeated. */
export class Random {
  #state: number

  /** Several seeds are one: each journey has numbers of its own, whatever runs beside it. */
  constructor(...seeds: readonly number[]) {
    this.#state = seeds.reduce(
      (state, seed) => Math.imul(state ^ seed, 0x9e3779b1) ^ (state >>> 15),
      1,
    )
  }

  /** From 0 to 1, without 1. */
  next(): number {
    // mulberry32.
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, both ends included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.int(0, items.length - 1)]
    if (item === undefined) throw new Error('There is nothing to choose from.')
    return item
  }

  /** One of the keys, as often as its weight says. */
  weighted<K>(weights: readonly (readonly [key: K, weight: number])[]): K {
    let left = this.next() * weights.reduce((sum, [, weight]) => sum + weight, 0)
    const chosen = weights.find(([, weight]) => (left -= weight) < 0)
    return (chosen ?? this.pick(weights))[0]
  }
}
