import { TurnError } from '../../errors.ts'
import { toFailure } from '../answer/failure.ts'
import type { CliMessage } from '../process/protocol.ts'

/** What the CLI is to do with the message just written. */
export type Expected = 'kept' | 'refused'

/**
 * Waits for each message of a history to be in: the CLI prints a `result` when it has kept it, or,
 * for the anchor, when it has refused to query it.
 */
export class SeedingProgress {
  #expected: Expected | undefined
  #step: PromiseWithResolvers<void> | undefined
  #category: string | undefined

  /** Whether the CLI's output belongs to the history still. */
  get active(): boolean {
    return this.#expected !== undefined
  }

  /** Call before the write; resolves when the message is in. */
  expect(expected: Expected): Promise<void> {
    this.#expected = expected
    const step = Promise.withResolvers<void>()
    // When the process dies while something else is awaited, that tells the reason.
    step.promise.catch(() => {})
    this.#step = step
    return step.promise
  }

  /** The history is in; what comes now belongs to the turn. */
  end(): void {
    this.#expected = undefined
  }

  /** False if the CLI does what it must not: then it has to be killed, at once. */
  receive(message: CliMessage): boolean {
    // Not «requesting», which the CLI may print before it refuses.
    if (message.type === 'stream_event') {
      this.fail(new TurnError('worker', 'The CLI queried a message that was only to be kept.'))
      return false
    }
    if (message.type === 'assistant') this.#category = message.error ?? undefined
    if (message.type !== 'result') return true
    const refused = message.is_error && message.terminal_reason === 'blocking_limit'
    const done = this.#expected === 'refused' ? refused : !message.is_error
    if (done) this.#step?.resolve()
    else this.fail(toFailure({ ...this.#facts(), result: message }))
    return true
  }

  fail(error: Error): void {
    this.#step?.reject(error)
  }

  #facts() {
    return { category: this.#category, rateLimit: undefined, nowMs: Date.now() }
  }
}
