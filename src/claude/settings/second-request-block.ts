import type { Connection } from '../process/connection.ts'
import type { LiveSettings } from './live-settings.ts'

/**
 * From the CLI's word that it is about to ask the model: the request is out after 20 to 30 ms, and
 * a setting that changes before that holds it up for 10 more. No model answers sooner than this.
 */
const DELAY_MS = 40
/** What a model writes in that time, many times over: a limit below may cut the answer at once. */
const SOON_TOKENS = 1_000

/**
 * Keeps the CLI from asking the model a second time behind the client's back, as it does after a
 * cut-off, refused or empty answer: while a request is out, it is made to refuse any other by
 * itself. Undocumented, so a worker that goes on alone is killed as well.
 */
export class SecondRequestBlock {
  readonly #cli: Connection
  readonly #liveSettings: LiveSettings
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(cli: Connection, liveSettings: LiveSettings) {
    this.#cli = cli
    this.#liveSettings = liveSettings
  }

  /** A request is about to go out, whose answer may be so many tokens long. */
  requesting(maxTokens = Infinity): void {
    clearTimeout(this.#timer)
    if (maxTokens < SOON_TOKENS) return this.#set(true)
    this.#timer = setTimeout(() => this.#set(true), DELAY_MS)
  }

  /** The answer has ended well, and another request may follow. */
  lift(): void {
    clearTimeout(this.#timer)
    this.#set(false)
  }

  /** The CLI has ended: nothing can be sent to it. */
  cancel(): void {
    clearTimeout(this.#timer)
  }

  #set(blocks: boolean): void {
    this.#cli.write(this.#liveSettings.toSetBlock(blocks))
  }
}
