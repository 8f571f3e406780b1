import { TurnError } from '../errors.ts'

/** How long a turn may take; the reader's own slowness does not count as silence. */
export type TurnLimits = {
  /** Until the first event of the answer. */
  firstEventMs: number
  /** Between two messages of the CLI. */
  idleMs: number
  /** From the beginning to the end. */
  totalMs: number
}

type Timer = ReturnType<typeof setTimeout>

/** Watches that a turn stays within its limits. */
export class TurnTimers {
  readonly #idle: Timer
  readonly #firstEvent: Timer
  readonly #total: Timer

  /** `isReaderSlow`: then a CLI that is silent waits for the reader, as it should. */
  constructor(
    { firstEventMs, idleMs, totalMs }: TurnLimits,
    { fail, isReaderSlow }: { fail: (error: TurnError) => void; isReaderSlow: () => boolean },
  ) {
    const failAfter = (ms: number, what: string) => setTimeout(() => fail(timeout(what, ms)), ms)
    this.#idle = setTimeout(() => {
      // The reader's own limits hold, and this timer starts anew when it reads.
      if (!isReaderSlow()) fail(timeout('sent nothing for', idleMs))
    }, idleMs)
    this.#firstEvent = failAfter(firstEventMs, 'began no answer within')
    this.#total = failAfter(totalMs, 'did not finish the answer within')
  }

  /** The CLI has printed something, or the reader has read. */
  noteSign(): void {
    this.#idle.refresh()
  }

  /** The answer has begun. */
  noteBegin(): void {
    clearTimeout(this.#firstEvent)
  }

  stop(): void {
    for (const timer of [this.#idle, this.#firstEvent, this.#total]) clearTimeout(timer)
  }
}

function timeout(what: string, ms: number): TurnError {
  return new TurnError('timeout', `The model ${what} ${ms / 1000} s.`)
}
