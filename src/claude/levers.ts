import type { Connection } from './connection.ts'
import { INITIAL_SETTINGS, type LiveSettings, settingsDifference, withFuse } from './settings.ts'

/** The settings in force on one worker, and the lines that bring others into force. */
export class Levers {
  #inForce = INITIAL_SETTINGS
  readonly #cli: Connection
  readonly #onRefused: (error: Error) => void

  constructor(cli: Connection, onRefused: (error: Error) => void) {
    this.#cli = cli
    this.#onRefused = onRefused
  }

  /** The line that brings these into force; empty if they are. */
  toSet(wanted: LiveSettings): string {
    const settings = settingsDifference(this.#inForce, wanted)
    this.#inForce = wanted
    if (!settings) return ''
    // Unlike `set_model`, this does not probe the model with a paid request.
    const { line, response } = this.#cli.prepare({ subtype: 'apply_flag_settings', settings })
    response.catch(this.#onRefused)
    return line
  }

  toSetModel(model: string): string {
    return this.toSet({ ...this.#inForce, model })
  }

  /** See `withFuse`. */
  toSetFuse(armed: boolean): string {
    return this.toSet(withFuse(this.#inForce, armed))
  }
}
