import { TurnError, toTurnError } from '../errors.ts'
import { Backoff, type BackoffOptions } from './backoff.ts'

/** As many failures in a row are no accident any more. */
const MAX_ACCIDENTS = 2
/** What took longer than this to fail has cost those who wait enough: it is not tried again. */
const QUICK_MS = 5_000

/** How often it is looked for a CLI that is missing when nobody asks. */
const LOOK_MS = 1_000

/** A start as it was begun; which others had failed by then tells what its failure adds. */
export type Start = { failures: number; at: number }

/**
 * Whether workers can be started. An accident is followed by another attempt at once, and costs
 * nobody anything; in a loop one attempt is made after each delay, and requests are told why.
 */
export class CrashLoop {
  readonly #backoff: Backoff
  readonly #now: () => number
  #cause: unknown
  /** When the CLI was found to be missing; an update takes it away for a while. */
  #missedAt = -Infinity

  constructor(options: BackoffOptions = {}) {
    this.#now = options.now ?? (() => performance.now())
    this.#backoff = new Backoff({ ...options, now: this.#now })
  }

  get failures(): number {
    return this.#backoff.failures
  }

  /** Milliseconds until a worker that nobody waits for may be started. */
  get waitMs(): number {
    return Math.max(this.#backoff.waitMs, this.#missedAt + LOOK_MS - this.#now())
  }

  /** After a failure the next attempt shows whether more of them would do any better. */
  get maxAtOnce(): number {
    return this.failures === 0 ? Infinity : 1
  }

  /** For a request that comes before the next attempt is due. */
  get refusal(): TurnError | undefined {
    return this.#isLoop && this.waitMs > 0 ? this.#notStarted() : undefined
  }

  begin(): Start {
    return { failures: this.failures, at: this.#now() }
  }

  succeed(): void {
    this.#backoff.succeed()
  }

  /** What those who wait are to be told, unless it is worth their while to try again at once. */
  fail(cause: unknown, start: Start): TurnError | undefined {
    this.#cause = cause
    const { kind } = toTurnError(cause)
    if (kind === 'cli_missing') {
      // To look for it costs nothing, so that each request does.
      this.#missedAt = this.#now()
      return this.#notStarted()
    }
    // Starts that were begun together fail of one thing.
    if (start.failures === this.failures) this.#backoff.fail()
    // A CLI that is too old is so the next moment as well; one that died may not.
    const isAccident = kind === 'worker' && !this.#isLoop
    return isAccident && this.#now() - start.at < QUICK_MS ? undefined : this.#notStarted()
  }

  get #isLoop(): boolean {
    return this.failures > MAX_ACCIDENTS
  }

  /** Nothing of a conversation has been near the process yet, so its last words may be told. */
  #notStarted(): TurnError {
    const cause = this.#cause
    const { kind, message, cause: stderr, retryAfterS } = toTurnError(cause)
    const reason = stderr instanceof Error ? `${message} ${stderr.message}` : message
    return new TurnError(kind, `A worker could not be started: ${reason}`, {
      cause,
      ...(retryAfterS !== undefined && { retryAfterS }),
      ...(this.#isLoop && { retryAfterS: Math.max(1, Math.ceil(this.waitMs / 1_000)) }),
    })
  }
}
