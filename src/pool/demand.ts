/** How many of the last conversations say which model is usual. */
const REMEMBERED = 16
/** So long after the last request the machine is left in peace. */
const QUIET_MS = 45_000
/** So long after the last request a boot for later takes CPU from nobody. */
export const CALM_MS = 1_000
/** About as long as a worker takes to boot. */
const BOOT_MS = 500
/** How much the last turn counts in how long turns take. */
const WEIGHT = 0.3

/** What the last requests say of those to come. */
export class Demand {
  readonly #now: () => number
  readonly #models: string[] = []
  readonly #startedAt: number
  /** When something was last asked or answered. */
  #busyAt = -Infinity
  #turnMs = Infinity

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#startedAt = now()
  }

  noteRequest(model: string): void {
    this.#busyAt = this.#now()
    this.#models.push(model)
    if (this.#models.length > REMEMBERED) this.#models.shift()
  }

  /** A turn is over, which has taken so long. */
  noteTurn(ms: number): void {
    this.#busyAt = this.#now()
    this.#turnMs = Number.isFinite(this.#turnMs) ? this.#turnMs + (ms - this.#turnMs) * WEIGHT : ms
  }

  /** Whether nobody has asked anything for a while. */
  get isQuiet(): boolean {
    return this.#now() - Math.max(this.#startedAt, this.#busyAt) >= QUIET_MS
  }

  /** Whether nothing has been asked or answered for a moment. */
  get isCalm(): boolean {
    return this.#now() - this.#busyAt >= CALM_MS
  }

  /** The model that most of the last conversations were for. */
  get usualModel(): string | undefined {
    const times = new Map<string, number>()
    for (const model of this.#models) times.set(model, (times.get(model) ?? 0) + 1)
    const [first] = [...times].toSorted(([, a], [, b]) => b - a)
    return first?.[0]
  }

  /** How many pristine workers are to wait; `floor` while there is work. */
  pristine(floor: number): number {
    return this.isQuiet ? Math.min(floor, 1) : floor
  }

  /** How many requests a worker that is busy now serves before another one would have booted. */
  get servedWithinBoot(): number {
    return Math.floor(BOOT_MS / this.#turnMs)
  }
}
