import type { ModelInfo } from '../conversation/models.ts'
import { digestMessage, type Need, type Offer } from '../conversation/need.ts'
import { type ErrorKind, toTurnError, type TurnError } from '../errors.ts'
import type { Abilities } from './abilities.ts'
import { rewind } from './history/rewind.ts'
import { Seeder } from './history/seeder.ts'
import { Transcript } from './history/transcript.ts'
import { OpenTurn } from './open-turn.ts'
import { Connection, type ConnectionOptions } from './process/connection.ts'
import type { Exit } from './process/process.ts'
import type { CliMessage } from './process/protocol.ts'
import { LiveSettings } from './settings/live-settings.ts'
import { SecondRequestBlock } from './settings/second-request-block.ts'
import { toSettings } from './settings/settings.ts'
import { McpServer } from './tools/mcp-server.ts'
import { deliverResults, isDeliverableWhole } from './tools/results.ts'
import { Turn } from './turn.ts'
import type { TurnLimits } from './turn-timers.ts'
import { type WarmUpOptions, warmUp } from './warm-up.ts'
import { Wear } from './wear.ts'
import { within } from './within.ts'

export type WorkerOptions = Omit<ConnectionOptions, 'onMessage' | 'onRequest' | 'onFailure'> &
  WarmUpOptions & {
    limits: TurnLimits
    abilities: Abilities
    /** Told whether the CLI has a login, when it says so. */
    onLogin: (loggedIn: boolean) => void
  }

/** How long a turn that nobody waits for any more may take to end; the upstream request ends with it. */
const TAKE_BACK_MS = 1_000

/** After these the process is of no more use. */
const FATAL: readonly ErrorKind[] = ['worker', 'internal', 'not_logged_in']

/** One booted CLI process: configured, seeded and asked over its stdin, again and again. */
export class Worker {
  readonly #cli: Connection
  readonly #mcp = new McpServer()
  readonly #liveSettings: LiveSettings
  readonly #transcript = new Transcript()
  readonly #seeder: Seeder
  readonly #secondRequestBlock: SecondRequestBlock
  readonly #openTurn: OpenTurn
  readonly #limits: TurnLimits
  readonly #abilities: Abilities
  readonly #wear: Wear
  #models: readonly ModelInfo[] = []
  #turn: Turn | undefined
  #isParked = false
  #failure: TurnError | undefined
  #settled: Promise<boolean> = Promise.resolve(true)

  /** Starts the CLI and resolves when it answers; a CLI that does not is ended. */
  static async boot(options: WorkerOptions): Promise<Worker> {
    const worker = new Worker(options)
    try {
      worker.#models = await warmUp(worker.#cli, worker.#liveSettings, options)
    } catch (error) {
      await worker.end()
      throw error
    }
    return worker
  }

  private constructor({ limits, abilities, onLogin, ...options }: WorkerOptions) {
    this.#limits = limits
    this.#abilities = abilities
    this.#cli = new Connection({
      ...options,
      onMessage: (message) => this.#receive(message),
      onRequest: (request) => this.#mcp.handle(request),
      onFailure: (reason) => this.#fail(reason),
    })
    this.#wear = new Wear(this.#cli.pid, options.path)
    this.#liveSettings = new LiveSettings(this.#cli, (reason) => this.#giveUp(reason))
    this.#secondRequestBlock = new SecondRequestBlock(this.#cli, this.#liveSettings)
    this.#openTurn = new OpenTurn({
      mcp: this.#mcp,
      secondRequestBlock: this.#secondRequestBlock,
      kill: () => this.#cli.kill(),
    })
    this.#seeder = new Seeder({
      ...{ cli: this.#cli, mcp: this.#mcp, liveSettings: this.#liveSettings },
      ...{ transcript: this.#transcript, abilities },
      onLogin: (loggedIn) => loggedIn !== undefined && onLogin(loggedIn),
    })
  }

  get exited(): Promise<Exit> {
    return this.#cli.exited
  }

  /** The models that the CLI says it can use. */
  get models(): readonly ModelInfo[] {
    return this.#models
  }

  /** Whether its last answer ended with tool calls, on whose results it waits. */
  get isParked(): boolean {
    return this.#isParked
  }

  /** Whether a new one should take its place: it goes on with its conversation, and that is all. */
  get isWorn(): boolean {
    return this.#wear.isOut
  }

  /** After a turn: whether it can take another conversation; it takes a moment to know. */
  get settled(): Promise<boolean> {
    return this.#settled
  }

  /** How it can serve this request; undefined if it cannot. */
  offer(need: Need): Offer | undefined {
    const transcript = this.#transcript
    const hasTools = this.#seeder.hasTools(need)
    if (!transcript.hasBegun) return { how: 'pristine', kept: 0, isOwn: false, hasTools }
    if (!hasTools && !this.#mcp.canChange(need)) return undefined
    const isOwn = transcript.isPartOf(need)
    if (this.#isParked && hasTools && isOwn && this.#takesResults(need)) {
      return { how: 'unparked', kept: transcript.length, isOwn, hasTools }
    }
    const kept = transcript.keeps(need, this.#isParked)
    if (!kept || (kept.cuts && !this.#abilities.rewind.isOn)) return undefined
    const how = kept.count > 0 && !kept.cuts ? 'resumed' : 'rewound'
    if (how === 'rewound' && this.isWorn) return undefined
    return { how, kept: kept.count, isOwn, hasTools }
  }

  /** Serves a request as offered. Failures are events of the turn. */
  run(need: Need): Turn {
    const offer = this.offer(need)
    if (!offer) throw new Error('This worker has another conversation.')
    this.#wear.noteTurn()
    const callIds = this.#transcript.claimedIds(need, offer.kept)
    const turn = new Turn({ rules: { ...need.conversation, callIds }, limits: this.#limits })
    this.#turn = turn
    const asked =
      offer.how === 'unparked' ? this.#answerCalls(need, turn) : this.#ask(need, offer, turn)
    asked.catch((error: unknown) => this.#giveUp(toTurnError(error)))
    this.#settled = turn.finished.then(() => this.#settle(turn, need, asked))
    return turn
  }

  /**
   * Ends the process in its own good order and waits until it is reaped. The reader of a running
   * answer is told `reason`, or else that the CLI died.
   */
  async end(reason?: Error): Promise<void> {
    if (reason) this.#turn?.fail(reason)
    await this.#cli.end()
  }

  #takesResults({ conversation, messages }: Need): boolean {
    return (
      messages.length === this.#transcript.length + 1 &&
      // The CLI reads the limit when a turn of its own begins, and this one is within it.
      this.#openTurn.maxTokens === conversation.parameters.maxTokens &&
      isDeliverableWhole(conversation)
    )
  }

  /** Gives the worker what it does not have; false if by then nobody wants an answer. */
  async #ask(need: Need, { kept }: Offer, turn: Turn): Promise<boolean> {
    this.#isParked = false
    if (kept < this.#transcript.length) await this.#rewind(kept)
    // The answer before this one is out, but the CLI may not be done with it.
    else await this.#openTurn.requireEnd()
    return this.#seeder.ask(need, {
      isThere: () => !turn.ended,
      onAsk: (agreed) => this.#openTurn.begin(turn, agreed),
    })
  }

  async #answerCalls({ conversation, messages }: Need, turn: Turn): Promise<boolean> {
    this.#isParked = false
    const ownIds = this.#transcript.lastCallIds
    this.#transcript.add(messages.slice(-1))
    this.#cli.write(this.#liveSettings.toSet(toSettings(conversation)))
    this.#openTurn.goOn(turn, this.#liveSettings.agreed)
    await deliverResults(this.#mcp, conversation, { ownIds, isWanted: () => !turn.ended })
    return true
  }

  /** Takes back all but the first messages, with the turn that may still be open behind them. */
  async #rewind(kept: number): Promise<void> {
    const names = { target: this.#transcript.uuidAt(kept), newest: this.#transcript.newest }
    await this.#openTurn.drop(rewind(this.#cli, this.#abilities, names))
    // Not before: until then the CLI may be about to ask once more, and is to be refused.
    this.#secondRequestBlock.cancel()
    this.#mcp.forget()
    this.#transcript.cut(kept)
  }

  /** Makes the worker ready for whatever comes after a turn; false if it is of no more use. */
  async #settle(turn: Turn, need: Need, asked: Promise<boolean>): Promise<boolean> {
    if (turn.stopReason !== undefined) {
      const question = need.conversation.messages.at(-1)
      this.#transcript.add([digestMessage(turn.message, question)])
      this.#isParked = turn.stopReason === 'tool_calls'
      return true
    }
    const isFatal = turn.failure && FATAL.includes(turn.failure.kind)
    if (this.#cli.isKilled || isFatal) return false
    const takenBack = this.#takeBack(asked).catch(() => false)
    const isReady = await within(takenBack, TAKE_BACK_MS)
    // The request that nobody waits for must not go on.
    if (!isReady) this.#cli.kill()
    return isReady ?? false
  }

  /** What the worker has now behind the question is not what the client has. */
  async #takeBack(asked: Promise<boolean>): Promise<boolean> {
    if (!(await asked)) return true
    const { lastCut } = this.#transcript
    if (lastCut === -1 || !this.#abilities.rewind.isOn) return false
    await this.#rewind(lastCut)
    return true
  }

  /** A CLI that did not do as it was told may be about to ask the model, or have asked it. */
  #giveUp(reason: TurnError): void {
    if (!FATAL.includes(reason.kind)) return this.#turn?.fail(reason)
    this.#failure ??= reason
    // `#fail` follows, when all that it has printed is read: that tells whether it has asked.
    this.#cli.kill()
  }

  #fail(cause: Error): void {
    const reason = this.#failure ?? cause
    this.#secondRequestBlock.cancel()
    this.#seeder.fail(reason)
    this.#turn?.fail(reason)
    this.#openTurn.end()
  }

  async #receive(message: CliMessage): Promise<void> {
    const isSeeding = this.#seeder.active
    const wrong = this.#seeder.receive(message)
    if (wrong) {
      // At once: the CLI is about to ask the model what nobody asked for.
      this.#cli.kill()
      // Another worker would maybe ask, and pay, a second time.
      if (wrong.isAsking) this.#turn?.markRequested()
      this.#giveUp(wrong.error)
    } else if (!isSeeding) await this.#openTurn.receive(message)
  }
}
