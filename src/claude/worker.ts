import type { ModelInfo } from '../conversation/models.ts'
import type { Conversation, StopReason, ToolResultBlock } from '../conversation/types.ts'
import { TurnError } from '../errors.ts'
import { type Control, type ControlRequest, createControl } from './control.ts'
import type { Guard } from './guard.ts'
import { type Places, removeLeftovers } from './leftovers.ts'
import { McpServer } from './mcp-server.ts'
import { ndjson } from './ndjson.ts'
import { type CliProcess, type Exit, spawnCli } from './process.ts'
import { type CliMessage, ModelList, parseCliMessage } from './protocol.ts'
import { seedingWrites, userLine } from './seeding.ts'
import { SeedingProgress } from './seeding-progress.ts'
import {
  INITIAL_SETTINGS,
  type LiveSettings,
  settingsDifference,
  toSettings,
  withFuse,
} from './settings.ts'
import { Turn, type TurnLimits } from './turn.ts'

/** A boot takes 0.3 s alone and 2.5 s among eight; past this something is wrong. */
const BOOT_TIMEOUT_MS = 30_000
/** How long the output of a dead process may still be read. */
const DRAIN_TIMEOUT_MS = 1_000

export type WorkerOptions = {
  path: string
  args: readonly string[]
  env: Record<string, string>
  cwd: string
  limits: TurnLimits
  guard: Guard
  /** Where a worker that was killed may have left files. */
  places: Places
  /** Whether to ask for readable thinking; the CLI's own default shows next to nothing. */
  showThinking: boolean
}

/** One booted CLI process: configured, seeded and asked over its stdin, for one conversation. */
export class Worker {
  /** Whether the CLI refuses a message when told to; see `seedingWrites`. */
  static #anchors = true

  readonly exited: Promise<Exit>
  readonly #process: CliProcess
  readonly #control: Control
  readonly #mcp = new McpServer()
  readonly #seeding = new SeedingProgress()
  readonly #limits: TurnLimits
  #models: ModelInfo[] = []
  #inForce: LiveSettings = INITIAL_SETTINGS
  #turn: Turn | undefined
  /** Between the answer's end and its `result`, after which the CLI takes another message. */
  #closing: PromiseWithResolvers<void> | undefined

  /** Starts the CLI and resolves when it answers; a CLI that does not is ended. */
  static async boot(options: WorkerOptions): Promise<Worker> {
    const worker = new Worker(options)
    try {
      await worker.#warmUp(options.showThinking)
    } catch (error) {
      await worker.end()
      throw error
    }
    return worker
  }

  private constructor({ limits, guard, places, ...options }: WorkerOptions) {
    this.#limits = limits
    this.#process = spawnCli(options)
    guard.add(this.pid)
    this.#control = createControl(
      (line) => this.#process.write(line),
      (request) => this.#answerCli(request),
      BOOT_TIMEOUT_MS,
    )
    const drained = this.#pump()
    this.exited = this.#process.exited.then(async (exit) => {
      guard.remove(this.pid)
      if (exit.signal === 'SIGKILL') removeLeftovers(this.pid, places)
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

  /** Gives a pristine worker its conversation, history and all. Failures are events of the turn. */
  run(conversation: Conversation): Turn {
    return this.#begin(conversation, () => this.#seed(conversation))
  }

  /** Goes on after a finished turn: all but the last message is what the worker remembers. */
  continue(conversation: Conversation): Turn {
    return this.#begin(conversation, async () => {
      await this.#closing?.promise
      const content = conversation.messages.at(-1)?.content ?? []
      this.#process.write(this.#settingsLine(conversation) + userLine(content, { query: true }))
    })
  }

  /**
   * Goes on after tool calls, whose results are the last message. Calls are told by their place:
   * a client may have changed the ids.
   */
  resume(conversation: Conversation): Turn {
    const ownIds = this.#turn ? callIds(this.#turn.message) : []
    const clientIds = callIds(conversation.messages.at(-2))
    const results = toolResults(conversation).map((result) => ({
      ...result,
      tool_use_id: ownIds[clientIds.indexOf(result.tool_use_id)] ?? result.tool_use_id,
    }))
    return this.#begin(conversation, async () => {
      this.#process.write(this.#settingsLine(conversation))
      // Results go to the model in the order in which the CLI took them, and of several that come
      // at once it takes any first.
      for (const result of results) await this.#mcp.answer(result)
    })
  }

  /** Ends the process in its own good order and waits until it is reaped. */
  async end(): Promise<void> {
    await this.#process.end()
    await this.exited
  }

  async #warmUp(showThinking: boolean): Promise<void> {
    const display = { subtype: 'set_max_thinking_tokens', thinking_display: 'summarized' }
    const [answer] = await Promise.all([
      this.#request({ subtype: 'list_models' }),
      showThinking ? this.#request(display) : undefined,
    ])
    const { models } = ModelList.parse(answer)
    this.#models = models.map(({ value, resolvedModel }) => ({
      alias: value,
      id: resolvedModel ?? value,
    }))
  }

  #begin(conversation: Conversation, ask: () => Promise<void>): Turn {
    const turn = new Turn({
      rules: conversation,
      limits: this.#limits,
      onAbandoned: () => void this.end(),
    })
    this.#turn = turn
    ask().catch((error: unknown) => {
      turn.fail(error instanceof Error ? error : new Error(String(error)))
    })
    return turn
  }

  async #seed(conversation: Conversation): Promise<void> {
    const { system, messages, tools, outputSchema } = conversation
    // Only the first `initialize` sets the system prompt, so it waits until the prompt is known.
    const initialize = this.#control.request({
      subtype: 'initialize',
      systemPrompt: system === '' ? [] : [system],
      ...(outputSchema && { jsonSchema: outputSchema.schema }),
      ...this.#mcp.offer(tools),
    })
    const anchored = Worker.#anchors && messages.length > 1
    const [first = '', ...later] = seedingWrites(messages, anchored)
    const settings = toSettings(conversation)
    const history = this.#seeding
    let isIn = later.length > 0 ? history.expect(anchored ? 'refused' : 'kept') : undefined
    const atFirst = anchored && isIn ? withFuse(settings, true) : settings
    this.#process.write(initialize.line + this.#applyLine(atFirst) + first)
    await initialize.response
    for (const [index, write] of later.entries()) {
      await isIn
      if (index < later.length - 1) isIn = history.expect('kept')
      else history.end()
      this.#process.write(this.#applyLine(settings) + write)
    }
  }

  /** The line that brings the request's settings into force; empty if they are. */
  #settingsLine(conversation: Conversation): string {
    return this.#applyLine(toSettings(conversation))
  }

  #applyLine(wanted: LiveSettings): string {
    const settings = settingsDifference(this.#inForce, wanted)
    this.#inForce = wanted
    if (!settings) return ''
    // Unlike `set_model`, this does not probe the model with a paid request.
    const { line, response } = this.#control.request({ subtype: 'apply_flag_settings', settings })
    response.catch((error: Error) => this.#turn?.fail(error))
    return line
  }

  /**
   * Armed while a request is out, against the CLI's own second one after a cut-off, refused or
   * empty answer. Undocumented, so a spent worker is killed as well.
   */
  #setFuse(armed: boolean): void {
    const line = this.#applyLine(withFuse(this.#inForce, armed))
    if (line !== '') this.#process.write(line)
  }

  #request(request: ControlRequest): Promise<unknown> {
    const { line, response } = this.#control.request(request)
    this.#process.write(line)
    return response
  }

  async #answerCli(request: ControlRequest): Promise<object> {
    if (request.subtype === 'mcp_message') return this.#mcp.handle(request)
    throw new Error(`unsupported request ${request.subtype}`)
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
    if (this.#seeding.active) return this.#receiveSeeding(message)
    const turn = this.#turn
    if (!turn) return
    if (message.type === 'result' && this.#closing) return this.#closed(this.#closing)
    if (message.type === 'user') this.#noteResults(message)
    if (message.type === 'system' && message.status === 'requesting') this.#requesting(turn)
    const events = turn.translate(message)
    const end = events.at(-1)
    if (end?.type === 'stop') this.#stopped(turn, end.reason, message)
    await turn.deliver(events)
  }

  #stopped(turn: Turn, reason: StopReason, { type }: CliMessage): void {
    // Before the client hears of the end: the CLI asks again within milliseconds.
    if (turn.goesOnAlone) return this.#process.kill()
    if (turn.spent) return
    this.#setFuse(false)
    // Tool calls leave the CLI's own turn open.
    if (reason !== 'tool_calls' && type !== 'result') this.#closing = Promise.withResolvers()
  }

  #closed(closing: PromiseWithResolvers<void>): void {
    this.#closing = undefined
    closing.resolve()
  }

  #requesting(turn: Turn): void {
    // A request that nobody asked for must not be answered.
    if (turn.ended) return this.#process.kill()
    turn.markRequested()
    this.#setFuse(true)
  }

  #noteResults({ message }: Extract<CliMessage, { type: 'user' }>): void {
    if (typeof message.content === 'string') return
    for (const { tool_use_id } of message.content) {
      if (tool_use_id !== undefined) this.#mcp.noteTaken(tool_use_id)
    }
  }

  #receiveSeeding(message: CliMessage): void {
    if (this.#seeding.receive(message)) return
    // This version does not refuse as the others do: from now on, do without.
    Worker.#anchors = false
    this.#process.kill()
  }

  #fail(error: Error): void {
    this.#control.close(error)
    this.#seeding.fail(error)
    this.#turn?.fail(error)
  }
}

function callIds(message: Conversation['messages'][number] | undefined): string[] {
  if (message?.role !== 'assistant') return []
  return message.content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []))
}

function toolResults({ messages }: Conversation): ToolResultBlock[] {
  const last = messages.at(-1)
  if (last?.role !== 'user') return []
  return last.content.flatMap((block) => (block.type === 'tool_result' ? [block] : []))
}

function deathOf({ code, signal, stderr }: Exit): TurnError {
  const how = signal ? `was ended by ${signal}` : `exited with code ${code}`
  const cause = stderr === '' ? undefined : new Error(stderr)
  return new TurnError('worker', `The claude CLI ${how} in the middle of the turn.`, { cause })
}
