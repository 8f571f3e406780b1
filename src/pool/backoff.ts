/** Delays between attempts of something that keeps failing: doubling, bounded, reset by success. */
export class Backoff {
  #failures = 0
  readonly #firstMs: number
  readonly #maxMs: number

  constructor({ firstMs = 500, maxMs = 30_000 } = {}) {
    this.#firstMs = firstMs
    this.#maxMs = maxMs
  }

  get failures(): number {
    return this.#failures
  }

  /** Milliseconds to wait before the next attempt. */
  get delayMs(): number {
    if (this.#failures === 0) return 0
    return Math.min(this.#maxMs, this.#firstMs * 2 ** (this.#failures - 1))
  }

  fail(): void {
    this.#failures++
  }

  succeed(): void {
    this.#failures = 0
  }
}
