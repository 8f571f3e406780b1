import type { Connection } from '../process/connection.ts'
import type { LiveSettings } from './live-settings.ts'

/**
 * Starts when the CLI reports that it is about to ask the model. The request is out after 20 to 30
 * ms, and a setting that changes before that delays it by 10 ms more. No model answers sooner than
 * this.
 */
const DELAY_MS = 40
/** Far more than a model writes in that time. A smaller limit may cut the answer at once. */
const SOON_TOKENS = 1_000

/**
 * Stops the CLI from asking the model a second time by itself, as it does after a cut-off, refused
 * or empty answer. While a request is out, a setting makes the CLI refuse any other. The setting is
 * not documented, so a worker that may ask again is killed as well.
 */
export class SecondRequestBlock {
  readonly #cli: Pick<Connection, 'prepare' | 'write'>
  readonly #liveSettings: LiveSettings
  #timer: ReturnType<typeof setTimeout> | undefined
  #isInForce = false
  #isSet = false
  /** How often it was set: a response to an earlier time says nothing. */
  #changes = 0

  constructor(cli: Pick<Connection, 'prepare' | 'write'>, liveSettings: LiveSettings) {
    this.#cli = cli
    this.#liveSettings = liveSettings
  }

  /** Whether the CLI has said that it refuses. */
  get isInForce(): boolean {
    return this.#isInForce
  }

  /** Whether the CLI has been told to refuse, and may do so by now. */
  get isSet(): boolean {
    return this.#isSet
  }

  /** A request is about to go out, whose answer may be so many tokens long. */
  requesting(maxTokens = Infinity): void {
    this.cancel()
    if (maxTokens < SOON_TOKENS) return this.#set(true)
    this.#timer = setTimeout(() => this.#set(true), DELAY_MS)
  }

  /** The answer ended well, so another request may follow. */
  lift(): void {
    this.cancel()
    this.#set(false)
  }

  /** The turn is over, or the CLI: the next one begins with settings of its own, without a block. */
  cancel(): void {
    clearTimeout(this.#timer)
    this.#isInForce = false
    this.#isSet = false
    this.#changes++
  }

  #set(blocks: boolean): void {
    const change = ++this.#changes
    this.#isSet = blocks
    const { line, response } = this.#liveSettings.toSetBlock(blocks)
    this.#cli.write(line)
    const noteTaken = () => {
      if (change === this.#changes) this.#isInForce = blocks
    }
    void response.then(noteTaken).catch(() => {})
  }
}
