import type { ModelInfo } from '../conversation/models.ts'
import { callIds, toolResults } from '../conversation/tool-calls.ts'
import type { Conversation, StopReason } from '../conversation/types.ts'
import { toCliSchema } from './cli-schema.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import type { ControlRequest } from './control.ts'
import { McpServer } from './mcp-server.ts'
import type { Exit } from './process.ts'
import { type CliMessage, ModelList } from './protocol.ts'
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

export type WorkerOptions = Omit<ConnectionOptions, 'onMessage' | 'onRequest' | 'onFailure'> & {
  limits: TurnLimits
  /** Whether to ask for readable thinking; the CLI's own default shows next to nothing. */
  showThinking: boolean
  /** The model that requests usually ask for: set in advance, it costs them nothing. */
  usualModel: string | undefined
}

/** Questions that make the CLI load what its first turn needs. */
const WARM_UP = ['mcp_status', 'get_settings', 'get_context_usage'] as const

/** One booted CLI process: configured, seeded and asked over its stdin, for one conversation. */
export class Worker {
  /** Whether the CLI refuses a message when told to; see `seedingWrites`. */
  static #anchors = true

  readonly #cli: Connection
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
      await worker.#warmUp(options)
    } catch (error) {
      await worker.end()
      throw error
    }
    return worker
  }

  private constructor({ limits, showThinking: _, usualModel: __, ...options }: WorkerOptions) {
    this.#limits = limits
    this.#cli = new Connection({
      ...options,
      onMessage: (message) => this.#receive(message),
      onRequest: (request) => this.#answerCli(request),
      onFailure: (reason) => {
        this.#seeding.fail(reason)
        this.#turn?.fail(reason)
      },
    })
  }

  get pid(): number {
    return this.#cli.pid
  }

  get exited(): Promise<Exit> {
    return this.#cli.exited
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
      this.#cli.write(this.#settingsLine(conversation) + userLine(content, { query: true }))
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
      this.#cli.write(this.#settingsLine(conversation))
      // Results go to the model in the order in which the CLI took them, and of several that come
      // at once it takes any first.
      for (const result of results) await this.#mcp.answer(result)
    })
  }

  /** Ends the process in its own good order and waits until it is reaped. */
  async end(): Promise<void> {
    await this.#cli.end()
  }

  async #warmUp({ showThinking, usualModel }: WorkerOptions): Promise<void> {
    const display = { subtype: 'set_max_thinking_tokens', thinking_display: 'summarized' }
    if (usualModel) this.#cli.write(this.#applyLine({ ...this.#inForce, model: usualModel }))
    const [answer] = await Promise.all([
      this.#cli.request({ subtype: 'list_models' }),
      showThinking ? this.#cli.request(display) : undefined,
      // A version that does not know one of them is no slower for it than without.
      ...WARM_UP.map((subtype) => this.#cli.request({ subtype }).catch(() => {})),
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
    const initialize = this.#cli.prepare({
      subtype: 'initialize',
      systemPrompt: system === '' ? [] : [system],
      ...(outputSchema && { jsonSchema: toCliSchema(outputSchema.schema) }),
      ...this.#mcp.offer(tools),
    })
    const anchored = Worker.#anchors && messages.length > 1
    const [first = '', ...later] = seedingWrites(messages, anchored)
    const settings = toSettings(conversation)
    const history = this.#seeding
    let isIn = later.length > 0 ? history.expect(anchored ? 'refused' : 'kept') : undefined
    const atFirst = anchored && isIn ? withFuse(settings, true) : settings
    this.#cli.write(initialize.line + this.#applyLine(atFirst) + first)
    await initialize.response
    for (const [index, write] of later.entries()) {
      await isIn
      if (index < later.length - 1) isIn = history.expect('kept')
      else history.end()
      this.#cli.write(this.#applyLine(settings) + write)
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
    const { line, response } = this.#cli.prepare({ subtype: 'apply_flag_settings', settings })
    response.catch((error: Error) => this.#turn?.fail(error))
    return line
  }

  /**
   * Armed while a request is out, against the CLI's own second one after a cut-off, refused or
   * empty answer. Undocumented, so a spent worker is killed as well.
   */
  #setFuse(armed: boolean): void {
    this.#cli.write(this.#applyLine(withFuse(this.#inForce, armed)))
  }

  async #answerCli(request: ControlRequest): Promise<object> {
    if (request.subtype === 'mcp_message') return this.#mcp.handle(request)
    throw new Error(`unsupported request ${request.subtype}`)
  }

  async #receive(message: CliMessage): Promise<void> {
    if (this.#seeding.active) return this.#receiveSeeding(message)
    const turn = this.#turn
    if (!turn) return
    if (message.type === 'result' && this.#closing) return this.#closed(this.#closing)
    if (message.type === 'user') this.#mcp.noteResults(message)
    if (message.type === 'system' && message.status === 'requesting') this.#requesting(turn)
    const events = turn.translate(message)
    const end = events.at(-1)
    if (end?.type === 'stop') this.#stopped(turn, end.reason, message)
    await turn.deliver(events)
  }

  #stopped(turn: Turn, reason: StopReason, { type }: CliMessage): void {
    // Before the client hears of the end: the CLI asks again within milliseconds.
    if (turn.goesOnAlone) return this.#cli.kill()
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
    if (turn.ended) return this.#cli.kill()
    turn.markRequested()
    this.#setFuse(true)
  }

  #receiveSeeding(message: CliMessage): void {
    if (this.#seeding.receive(message)) return
    // This version does not refuse as the others do: from now on, do without.
    Worker.#anchors = false
    this.#cli.kill()
  }
}
