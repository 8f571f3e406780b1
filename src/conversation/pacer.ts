/** How long a piece of work may keep others waiting. A token of another answer waits no longer. */
const SLICE_MS = 8

/** Cuts long work into slices, between which the server does what else there is to do. */
export class Pacer {
  readonly #now: () => number
  #since: number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#since = now()
  }

  /** Whether this slice is over: then `rest` is due. */
  get isDue(): boolean {
    return this.#now() - this.#since >= SLICE_MS
  }

  /** Resolves when all that was waiting has had its turn. */
  async rest(): Promise<void> {
    await new Promise(setImmediate)
    this.#since = this.#now()
  }
}
