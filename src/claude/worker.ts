import type { ModelInfo } from '../conversation/models.ts'
import { CallIds } from '../conversation/call-ids.ts'
import { callIds, toolResults } from '../conversation/tool-calls.ts'
import type { Conversation, StopReason } from '../conversation/types.ts'
import { Connection, type ConnectionOptions } from './process/connection.ts'
import type { ControlRequest } from './process/control.ts'
import { SecondRequestBlock } from './settings/second-request-block.ts'
import { LiveSettings } from './settings/live-settings.ts'
import { isDeliverable, McpServer } from './tools/mcp-server.ts'
import type { Exit } from './process/process.ts'
import { type CliMessage, ModelList } from './process/protocol.ts'
import { Seeder, SHOW_THINKING, type Spare } from './history/seeder.ts'
import { userLine } from './history/seeding.ts'
import { SessionFile } from './history/session-file.ts'
import type { SessionPatterns } from './history/session-patterns.ts'
import { toSettings } from './settings/settings.ts'
import { Turn, type TurnLimits } from './turn.ts'

export type WorkerOptions = Omit<ConnectionOptions, 'onMessage' | 'onRequest' | 'onFailure'> & {
  limits: TurnLimits
  /** Whether to ask for readable thinking; the CLI's own default shows next to nothing. */
  showThinking: boolean
  /** The model that requests usually ask for: set in advance, it costs them nothing. */
  usualModel: string | undefined
  /** Told whether the CLI has a login, when it says so. */
  onLogin: (loggedIn: boolean) => void
}

/** About as long as a boot takes; a spare that needs longer makes its request wait for the rest. */
const SILENT_BOOT_MS = 500

/** Questions that make the CLI load what its first turn needs. */
const WARM_UP = ['mcp_status', 'get_settings', 'get_context_usage'] as const

/** One booted CLI process: configured, seeded and asked over its stdin, for one conversation. */
export class Worker {
  readonly #cli: Connection
  readonly #mcp = new McpServer()
  readonly #liveSettings: LiveSettings
  readonly #seeder: Seeder
  readonly #secondRequestBlock: SecondRequestBlock
  readonly #limits: TurnLimits
  /** The ids of the calls that the CLI remembers. */
  readonly #callIds = new CallIds()
  #models: ModelInfo[] = []
  #turn: Turn | undefined
  /** Between the answer's end and its `result`, after which the CLI takes another message. */
  #closing: PromiseWithResolvers<void> | undefined

  /** Starts the CLI and resolves when it answers; a CLI that does not is ended. */
  static async boot(options: WorkerOptions): Promise<Worker> {
    const worker = new Worker(options, undefined)
    try {
      await worker.#warmUp(options)
    } catch (error) {
      await worker.end()
      throw error
    }
    return worker
  }

  /** Starts a CLI that waits for a long history. */
  static async spare(options: WorkerOptions, patterns: SessionPatterns): Promise<Worker> {
    const file = new SessionFile(options.places.temp)
    const args = [...options.args, ...file.args]
    const worker = new Worker({ ...options, args }, { file, patterns })
    // Nothing shows that it has booted: it is silent until it has its history.
    await Promise.race([Bun.sleep(SILENT_BOOT_MS), worker.exited])
    return worker
  }

  private constructor(
    { limits, showThinking, onLogin, usualModel: _, ...options }: WorkerOptions,
    spare: Spare | undefined,
  ) {
    this.#limits = limits
    this.#cli = new Connection({
      ...options,
      onMessage: (message) => this.#receive(message),
      onRequest: (request) => this.#answerCli(request),
      onFailure: (reason) => {
        this.#secondRequestBlock.cancel()
        this.#seeder.fail(reason)
        this.#turn?.fail(reason)
      },
    })
    this.#liveSettings = new LiveSettings(this.#cli, (reason) => this.#turn?.fail(reason))
    this.#secondRequestBlock = new SecondRequestBlock(this.#cli, this.#liveSettings)
    const parts = { cli: this.#cli, mcp: this.#mcp, liveSettings: this.#liveSettings }
    this.#seeder = new Seeder({ ...parts, spare, showThinking, onLogin })
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

  /** Whether a pristine worker can be given the first `count` messages of a conversation. */
  fits(conversation: Conversation, count: number): boolean {
    return this.#seeder.fits(conversation, count)
  }

  /** Whether the last message holds plain results of calls alone, which the CLI hands on whole. */
  takesResults({ messages }: Conversation): boolean {
    const content = messages.at(-1)?.content ?? []
    return content.every((block) => block.type === 'tool_result' && isDeliverable(block))
  }

  /** Gives a pristine worker the first `count` messages ahead of the rest. */
  prepare(conversation: Conversation, count: number): Promise<void> {
    return this.#seeder.prepare(conversation, count)
  }

  /** Gives a worker its conversation, history and all. Failures are events of the turn. */
  run(conversation: Conversation): Turn {
    for (const id of conversation.messages.flatMap(callIds)) this.#callIds.claim(id)
    return this.#begin(conversation, () => this.#seeder.ask(conversation))
  }

  /** Goes on after a finished turn: all but the last message is what the worker remembers. */
  continue(conversation: Conversation): Turn {
    return this.#begin(conversation, async () => {
      await this.#closing?.promise
      const question = conversation.messages.at(-1)
      const content = question?.role === 'user' ? question.content : []
      const settings = this.#liveSettings.toSet(toSettings(conversation))
      this.#cli.write(settings + userLine(content, { query: true }))
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
      this.#cli.write(this.#liveSettings.toSet(toSettings(conversation)))
      // Results go to the model in the order in which the CLI took them, and of several that come
      // at once it takes any first.
      for (const result of results) await this.#mcp.answer(result)
    })
  }

  /**
   * Ends the process in its own good order and waits until it is reaped. The reader of a running
   * answer is told `reason`, or else that the CLI died.
   */
  async end(reason?: Error): Promise<void> {
    if (reason) this.#turn?.fail(reason)
    await this.#cli.end()
  }

  async #warmUp({ showThinking, usualModel }: WorkerOptions): Promise<void> {
    if (usualModel) this.#cli.write(this.#liveSettings.toSetModel(usualModel))
    const [answer] = await Promise.all([
      this.#cli.request({ subtype: 'list_models' }),
      showThinking ? this.#cli.request(SHOW_THINKING) : undefined,
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
      rules: { ...conversation, callIds: this.#callIds },
      limits: this.#limits,
      onAbandoned: () => void this.end(),
    })
    this.#turn = turn
    ask().catch((error: unknown) => {
      turn.fail(error instanceof Error ? error : new Error(String(error)))
    })
    return turn
  }

  async #answerCli(request: ControlRequest): Promise<object> {
    if (request.subtype === 'mcp_message') return this.#mcp.handle(request)
    throw new Error(`unsupported request ${request.subtype}`)
  }

  async #receive(message: CliMessage): Promise<void> {
    const wrongTools = this.#seeder.checkTools(message)
    if (wrongTools) {
      // At once: the CLI is about to ask the model without them.
      this.#cli.kill()
      this.#seeder.fail(wrongTools)
      this.#turn?.fail(wrongTools)
      return
    }
    if (this.#seeder.active) {
      if (!this.#seeder.receive(message)) this.#cli.kill()
      return
    }
    const turn = this.#turn
    if (!turn) return
    if (message.type === 'result' && this.#closing) return this.#closed(this.#closing)
    if (message.type === 'user') this.#mcp.noteResults(message)
    if (message.type === 'system' && message.status === 'requesting') this.#requesting(turn)
    const events = turn.translate(message)
    const end = events.at(-1)
    if (end?.type === 'stop') this.#stopped(turn, end.reason, message)
    if (end?.type === 'error' && turn.goesOnAlone) this.#cli.kill()
    await turn.deliver(events)
  }

  #stopped(turn: Turn, reason: StopReason, { type }: CliMessage): void {
    // Before the client hears of the end: the CLI asks again within milliseconds.
    if (turn.goesOnAlone) return this.#cli.kill()
    if (turn.spent) return
    this.#secondRequestBlock.lift()
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
    this.#secondRequestBlock.requesting(turn.maxTokens)
    this.#seeder.removeFile()
  }
}
