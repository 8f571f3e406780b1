import type { ModelInfo } from '../conversation/models.ts'
import type { Conversation } from '../conversation/types.ts'
import { TurnError } from '../errors.ts'
import { type Control, type ControlRequest, createControl } from './control.ts'
import { toFailure } from './failure.ts'
import { ndjson } from './ndjson.ts'
import { type CliProcess, type Exit, spawnCli } from './process.ts'
import { type CliMessage, ModelList, parseCliMessage } from './protocol.ts'
import { seedingWrites } from './seeding.ts'
import { Turn } from './turn.ts'

/** A boot takes 0.3 s alone and 2.5 s among eight; past this something is wrong. */
const BOOT_TIMEOUT_MS = 30_000
/** How long the output of a dead process may still be read. */
const DRAIN_TIMEOUT_MS = 1_000

export type WorkerOptions = {
  path: string
  args: readonly string[]
  env: Record<string, string>
  cwd: string
  idleTimeoutMs: number
}

/** One booted CLI process: configured, seeded and asked over its stdin, for one conversation. */
export class Worker {
  readonly exited: Promise<Exit>
  readonly #process: CliProcess
  readonly #control: Control
  readonly #idleTimeoutMs: number
  #models: ModelInfo[] = []
  #turn: Turn | undefined
  #seeded: PromiseWithResolvers<void> | undefined

  /** Starts the CLI and resolves when it answers; a CLI that does not is ended. */
  static async boot(options: WorkerOptions): Promise<Worker> {
    const worker = new Worker(options)
    try {
      await worker.#warmUp()
    } catch (error) {
      await worker.end()
      throw error
    }
    return worker
  }

  private constructor({ idleTimeoutMs, ...spawnOptions }: WorkerOptions) {
    this.#idleTimeoutMs = idleTimeoutMs
    this.#process = spawnCli(spawnOptions)
    this.#control = createControl(
      (line) => this.#process.write(line),
      (request) => Promise.reject(new Error(`unsupported request ${request.subtype}`)),
      BOOT_TIMEOUT_MS,
    )
    const drained = this.#pump()
    this.exited = this.#process.exited.then(async (exit) => {
      await Promise.race([drained, Bun.sleep(DRAIN_TIMEOUT_MS)])
      this.#fail(deathOf(exit))
      return exit
    })
  }

  get pid(): number {
    return this.#process.pid
  }

  /** The models that the CLI says it can use. */
  get models(): readonly ModelInfo[] {
    return this.#models
  }

  /** Gives the worker its one conversation. What goes wrong is an event of the turn. */
  run(conversation: Conversation): Turn {
    const turn = new Turn({
      idleTimeoutMs: this.#idleTimeoutMs,
      onAbandoned: () => void this.end(),
    })
    this.#turn = turn
    this.#ask(conversation).catch((error: unknown) => {
      turn.fail(error instanceof Error ? error : new Error(String(error)))
    })
    return turn
  }

  /** Ends the process in its own good order and waits until it is reaped. */
  async end(): Promise<void> {
    await this.#process.end()
    await this.exited
  }

  async #warmUp(): Promise<void> {
    const { models } = ModelList.parse(await this.#request({ subtype: 'list_models' }))
    this.#models = models.map(({ value, resolvedModel }) => ({
      alias: value,
      id: resolvedModel ?? value,
    }))
  }

  async #ask({ model, system, messages }: Conversation): Promise<void> {
    // Only the first `initialize` sets the system prompt, so it waits until the prompt is known.
    const initialize = this.#control.request({
      subtype: 'initialize',
      systemPrompt: system === '' ? [] : [system],
    })
    // Unlike `set_model`, this does not probe the model with a paid request.
    const settings = this.#control.request({
      subtype: 'apply_flag_settings',
      settings: { model },
    })
    const [first = '', ...later] = seedingWrites(messages)
    let seeded = this.#expectSeeding(later.length > 0)
    this.#process.write(initialize.line + settings.line + first)
    await Promise.all([initialize.response, settings.response])
    for (const [index, write] of later.entries()) {
      await seeded
      seeded = this.#expectSeeding(index < later.length - 1)
      this.#process.write(write)
    }
  }

  /** Set before the write that it answers: from then on, output belongs to the history. */
  #expectSeeding(expected: boolean): Promise<void> | undefined {
    this.#seeded = expected ? Promise.withResolvers() : undefined
    // When the process dies while something else is awaited, that tells the reason.
    this.#seeded?.promise.catch(() => {})
    return this.#seeded?.promise
  }

  #request(request: ControlRequest): Promise<unknown> {
    const { line, response } = this.#control.request(request)
    this.#process.write(line)
    return response
  }

  /** Reads all that the CLI prints, until it closes its output. */
  async #pump(): Promise<void> {
    try {
      for await (const value of this.#process.stdout.pipeThrough(ndjson())) {
        const message = parseCliMessage(value)
        if (message && !this.#control.accept(message)) await this.#receive(message)
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
    // A CLI that has closed its output is of no use, whether it exits by itself or not.
    void this.#process.end()
  }

  async #receive(message: CliMessage): Promise<void> {
    if (this.#seeded) return this.#receiveSeeding(message)
    const turn = this.#turn
    if (!turn) return
    if (message.type === 'system' && message.status === 'requesting') this.#requested(turn)
    const events = turn.translate(message)
    // Before the client hears of the end: the CLI asks again within milliseconds.
    if (turn.goesOnAlone) this.#process.kill()
    await turn.deliver(events)
  }

  /** A history message is in when its `result` comes. */
  #receiveSeeding(message: CliMessage): void {
    if (message.type !== 'result') return
    if (!message.is_error) return this.#seeded?.resolve()
    const facts = { category: undefined, rateLimit: undefined, nowMs: Date.now() }
    this.#seeded?.reject(toFailure({ result: message, ...facts }))
  }

  #requested(turn: Turn): void {
    turn.markRequested()
    // A fuse against the CLI's own second request after a cut-off, refused or empty answer: with
    // this limit it refuses by itself to send anything more in this turn. Undocumented, so the
    // kill in `#receive` stays.
    const fuse = { CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE: '1' }
    void this.#request({ subtype: 'apply_flag_settings', settings: { env: fuse } }).catch(() => {})
  }

  #fail(error: Error): void {
    this.#control.close(error)
    this.#seeded?.reject(error)
    this.#turn?.fail(error)
  }
}

function deathOf({ code, signal, stderr }: Exit): TurnError {
  const how = signal ? `was ended by ${signal}` : `exited with code ${code}`
  const cause = stderr === '' ? undefined : new Error(stderr)
  return new TurnError('worker', `The claude CLI ${how} in the middle of the turn.`, { cause })
}
