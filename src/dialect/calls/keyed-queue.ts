type Queue<Item> = { items: Item[]; taken: number }

/** A first-in, first-out queue for each key. Every operation takes constant time. */
export class KeyedQueue<Item> {
  readonly #queues = new Map<string, Queue<Item>>()

  has(key: string): boolean {
    return this.#queues.has(key)
  }

  /** The keys with waiting items. */
  keys(): string[] {
    return [...this.#queues.keys()]
  }

  put(key: string, item: Item): void {
    const queue = this.#queues.get(key)
    if (queue) queue.items.push(item)
    else this.#queues.set(key, { items: [item], taken: 0 })
  }

  /** Removes and returns the oldest item; undefined if there is none. */
  take(key: string): Item | undefined {
    const queue = this.#queues.get(key)
    if (!queue) return undefined
    const item = queue.items[queue.taken++]
    if (queue.taken === queue.items.length) this.#queues.delete(key)
    return item
  }
}
