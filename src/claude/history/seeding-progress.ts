import { TurnError } from '../../errors.ts'
import { toFailure } from '../answer/failure.ts'
import { type CliMessage, isLocalRefusal } from '../process/protocol.ts'

/** What the CLI is to do with the message just written. */
export type Expected = 'kept' | 'refused'

/** A message is in after some milliseconds; images of many megabytes take a second. */
const STEP_MS = 5_000
const STEP_MS_PER_CHAR = 1 / 1_000

/**
 * Waits for each message of a history to be in: the CLI prints a `result` when it has kept it, or,
 * for the anchor, when it has refused to query it.
 */
export class SeedingProgress {
  #expected: Expected | undefined
  #step: PromiseWithResolvers<void> | undefined
  #category: string | undefined
  #hasDisobeyed = false

  /** Whether the CLI has not done what it was told, as far as that is known. */
  get hasDisobeyed(): boolean {
    return this.#hasDisobeyed
  }

  /** Whether the CLI's output belongs to the history still. */
  get active(): boolean {
    return this.#expected !== undefined
  }

  /** Call before the write of so many characters; resolves when the message is in. */
  expect(expected: Expected, chars: number): Promise<void> {
    this.#expected = expected
    const step = Promise.withResolvers<void>()
    this.#step = step
    const boundMs = Math.round(STEP_MS + chars * STEP_MS_PER_CHAR)
    const timer = setTimeout(() => this.#disobeyed(`did not say so for ${boundMs} ms`), boundMs)
    const isIn = step.promise.finally(() => clearTimeout(timer))
    // When the process dies while something else is awaited, that tells the reason.
    isIn.catch(() => {})
    return isIn
  }

  /** The history is in; what comes now belongs to the turn. */
  end(): void {
    this.#expected = undefined
  }

  /** An error if the CLI asks the model: then it has to be killed, at once. */
  receive(message: CliMessage): TurnError | undefined {
    const isRequesting = message.type === 'system' && message.status === 'requesting'
    // The CLI may print «requesting» before it refuses.
    if (message.type === 'stream_event' || (isRequesting && this.#expected === 'kept')) {
      return this.#disobeyed('asked the model')
    }
    if (message.type === 'assistant') this.#category = message.error ?? undefined
    if (message.type !== 'result') return undefined
    const refused = message.is_error && isLocalRefusal(message)
    const done = this.#expected === 'refused' ? refused : !message.is_error
    const failure = done ? undefined : toFailure({ ...this.#facts(), result: message })
    if (!failure) this.#step?.resolve()
    else if (this.#expected === 'kept') this.fail(failure)
    else if (message.is_error && failure.kind !== 'context_length_exceeded') this.fail(failure)
    // It went on, or refused under another name.
    else this.#disobeyed(`printed '${message.terminal_reason ?? message.subtype}'`)
    return undefined
  }

  #disobeyed(how: string): TurnError {
    this.#hasDisobeyed = true
    const what = this.#expected === 'refused' ? 'to refuse' : 'only to keep'
    const error = new TurnError('worker', `The CLI was ${what} a message, and ${how}.`)
    this.fail(error)
    return error
  }

  fail(error: Error): void {
    this.#step?.reject(error)
  }

  #facts() {
    return { category: this.#category, rateLimit: undefined, nowMs: Date.now() }
  }
}
