import type { ModelInfo } from '../../conversation/models.ts'
import { toTurnError, TurnError } from '../../errors.ts'
import type { Connection } from '../process/connection.ts'
import { ANSWER_MS } from '../process/control.ts'
import type { CliMessage } from '../process/protocol.ts'
import { INITIAL_SETTINGS, type CliSettings, settingsDifference, withBlock } from './settings.ts'

const LARGE_CONTEXT = /\[1m\]$/

/** The settings in force on one worker, and the lines that bring others into force. */
export class LiveSettings {
  #inForce = INITIAL_SETTINGS
  readonly #cli: Pick<Connection, 'prepare' | 'write'>
  readonly #onRefused: (error: TurnError) => void
  #models: readonly ModelInfo[] = []
  #agreed: Promise<unknown> = Promise.resolve()

  constructor(cli: Pick<Connection, 'prepare' | 'write'>, onRefused: (error: TurnError) => void) {
    this.#cli = cli
    this.#onRefused = onRefused
  }

  /** The models that the CLI lists, by which it is known whether it uses the right one. */
  knowModels(models: readonly ModelInfo[]): void {
    this.#models = models
  }

  /** The error if the CLI is about to ask another model of its list than the one set. */
  checkModel(message: CliMessage): TurnError | undefined {
    if (message.type !== 'system' || message.subtype !== 'init') return undefined
    const wanted = this.#idOf(this.#inForce.model)
    const used = this.#idOf(message.model)
    if (wanted === undefined || used === undefined || wanted === used) return undefined
    return new TurnError('worker', `The CLI is about to ask '${used}' instead of '${wanted}'.`)
  }

  /** Without the mark for a large context; undefined for a model that is not listed. */
  #idOf(model: string | undefined): string | undefined {
    const listed = this.#models.find(({ alias, id }) => alias === model || id === model)
    return listed?.id.replace(LARGE_CONTEXT, '')
  }

  /** Resolves when the CLI has taken all that was set so far; rejects if it did not. */
  get agreed(): Promise<unknown> {
    return this.#agreed
  }

  /** The line that brings these into force; empty if they are. */
  toSet(wanted: CliSettings): string {
    return this.#toSet(wanted, ANSWER_MS)
  }

  /** For a CLI that is starting, which may take its time. */
  toSetModel(model: string): string {
    return this.#toSet({ ...this.#inForce, model }, undefined)
  }

  /**
   * See `withBlock`; `response` resolves when the CLI has taken it. No answer depends on that: a CLI
   * that is held up, by a slow reader or a hard pattern, takes it later.
   */
  toSetBlock(blocks: boolean): { line: string; response: Promise<unknown> } {
    return this.#prepare(withBlock(this.#inForce, blocks))
  }

  #toSet(wanted: CliSettings, boundMs: number | undefined): string {
    const { line, response } = this.#prepare(wanted, boundMs)
    if (line === '') return line
    const before = this.#agreed
    this.#agreed = (async () => {
      await before
      await response
    })()
    this.#agreed.catch(() => {})
    response.catch((error: unknown) => this.#onRefused(toTurnError(error)))
    return line
  }

  #prepare(wanted: CliSettings, boundMs?: number): { line: string; response: Promise<unknown> } {
    const settings = settingsDifference(this.#inForce, wanted)
    this.#inForce = wanted
    if (!settings) return { line: '', response: Promise.resolve() }
    // Unlike `set_model`, this does not probe the model with a paid request.
    return this.#cli.prepare({ subtype: 'apply_flag_settings', settings }, boundMs)
  }
}
