import type { Connection } from '../process/connection.ts'
import { INITIAL_SETTINGS, type CliSettings, settingsDifference, withBlock } from './settings.ts'

/** The settings in force on one worker, and the lines that bring others into force. */
export class LiveSettings {
  #inForce = INITIAL_SETTINGS
  readonly #cli: Connection
  readonly #onRefused: (error: Error) => void

  constructor(cli: Connection, onRefused: (error: Error) => void) {
    this.#cli = cli
    this.#onRefused = onRefused
  }

  /** The line that brings these into force; empty if they are. */
  toSet(wanted: CliSettings): string {
    return this.#toSet(wanted).line
  }

  toSetModel(model: string): string {
    return this.toSet({ ...this.#inForce, model })
  }

  /** See `withBlock`; `response` resolves when the CLI has taken it. */
  toSetBlock(blocks: boolean): { line: string; response: Promise<unknown> } {
    return this.#toSet(withBlock(this.#inForce, blocks))
  }

  #toSet(wanted: CliSettings): { line: string; response: Promise<unknown> } {
    const settings = settingsDifference(this.#inForce, wanted)
    this.#inForce = wanted
    if (!settings) return { line: '', response: Promise.resolve() }
    // Unlike `set_model`, this does not probe the model with a paid request.
    const { line, response } = this.#cli.prepare({ subtype: 'apply_flag_settings', settings })
    response.catch(this.#onRefused)
    return { line, response }
  }
}
