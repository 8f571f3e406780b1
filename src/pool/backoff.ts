export type BackoffOptions = {
  firstMs?: number
  maxMs?: number
  /** A failure after so long without one is the first again. */
  forgetMs?: number
  now?: () => number
}

/** Delays between attempts of something that keeps failing: doubling, bounded, reset by success. */
export class Backoff {
  #failures = 0
  #failedAt = -Infinity
  readonly #firstMs: number
  readonly #maxMs: number
  readonly #forgetMs: number
  readonly #now: () => number

  constructor(options: BackoffOptions = {}) {
    const { firstMs = 500, maxMs = 30_000, forgetMs = Infinity } = options
    this.#firstMs = firstMs
    this.#maxMs = maxMs
    this.#forgetMs = forgetMs
    this.#now = options.now ?? (() => performance.now())
  }

  get failures(): number {
    return this.#failures
  }

  /** Milliseconds until the next attempt is due. */
  get waitMs(): number {
    if (this.#failures === 0) return 0
    const delayMs = Math.min(this.#maxMs, this.#firstMs * 2 ** (this.#failures - 1))
    return Math.max(0, this.#failedAt + delayMs - this.#now())
  }

  fail(): void {
    const now = this.#now()
    if (now - this.#failedAt > this.#forgetMs) this.#failures = 0
    this.#failures++
    this.#failedAt = now
  }

  succeed(): void {
    this.#failures = 0
  }
}
