/** How long a piece of work may block the server. No token of another answer waits longer. */
const SLICE_MS = 8

/** Splits long work into slices, so that the server can do other work between them. */
export class Pacer {
  readonly #now: () => number
  #since: number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#since = now()
  }

  /** Whether this slice is over, so that `rest` must be called. */
  get isDue(): boolean {
    return this.#now() - this.#since >= SLICE_MS
  }

  /** Resolves when other pending work has been done. */
  async rest(): Promise<void> {
    await new Promise(setImmediate)
    this.#since = this.#now()
  }
}
