import { randomUUID } from 'node:crypto'
import type { Conversation } from '../../conversation/types.ts'
import type { TurnError } from '../../errors.ts'
import { toCliSchema } from '../answer/cli-schema.ts'
import type { Connection } from '../process/connection.ts'
import type { LiveSettings } from '../settings/live-settings.ts'
import type { McpServer } from '../tools/mcp-server.ts'
import { OfferedTools } from '../tools/offered-tools.ts'
import { type CliMessage, Initialized, Rewound } from '../process/protocol.ts'
import { type SeedingStep, seedingSteps, userLine } from './seeding.ts'
import { SeedingProgress } from './seeding-progress.ts'
import { isWritable, type SessionFile } from './session-file.ts'
import type { SessionPatterns } from './session-patterns.ts'
import { type CliSettings, toSettings, withBlock } from '../settings/settings.ts'

/** A CLI that waits to read its history from a file. */
export type Spare = { file: SessionFile; patterns: SessionPatterns }

export type SeederParts = {
  cli: Connection
  mcp: McpServer
  liveSettings: LiveSettings
  spare: Spare | undefined
  /** Whether to ask for readable thinking; the CLI's own default shows next to nothing. */
  showThinking: boolean
  /** Told whether the CLI has a login, when it can tell. */
  onLogin: (loggedIn: boolean) => void
}

/** What a CLI is told of a conversation before its messages, and its answer. */
type Introduction = { lines: string; response: Promise<unknown> | undefined }

/** Brings a conversation into a booted CLI: at once, or its beginning ahead of time. */
export class Seeder {
  /** Whether the CLI refuses a message when told to; see `seedingSteps`. */
  static #anchors = true

  readonly #parts: SeederParts
  readonly #progress = new SeedingProgress()
  /** Messages that the CLI has. */
  #seeded = 0
  #introduced = false
  #offered = new OfferedTools([])

  constructor(parts: SeederParts) {
    this.#parts = parts
  }

  /** Whether the CLI's output belongs to the history still. */
  get active(): boolean {
    return this.#progress.active
  }

  /** Whether a CLI that reads its history from a file can be given so much of this one. */
  fits({ model, messages }: Conversation, count: number): boolean {
    const { spare } = this.#parts
    if (!spare) return true
    const isAnswer = count > 0 && messages[count - 1]?.role === 'assistant'
    return isAnswer && isWritable(messages) && spare.patterns.get(model) !== undefined
  }

  /** Gives the CLI the first `count` messages, and all but the question that is known by then. */
  async prepare(conversation: Conversation, count: number): Promise<void> {
    await this.#seed(conversation, count)
    // The answer to any question comes when all that was written before has been read.
    await this.#parts.cli.request({ subtype: 'mcp_status' })
    this.removeFile()
  }

  /** Gives the CLI what it does not have yet, and the question. */
  async ask(conversation: Conversation): Promise<void> {
    await this.#seed(conversation, conversation.messages.length)
  }

  /** The request is out, or the CLI is gone: nothing of the history is needed on the disk. */
  removeFile(): void {
    this.#parts.spare?.file.remove()
  }

  /** What is wrong if the CLI leaves tools of the conversation out. */
  checkTools(message: CliMessage): TurnError | undefined {
    return this.#offered.check(message)
  }

  /** False if the CLI does what it must not: then it has to be killed, at once. */
  receive(message: CliMessage): boolean {
    if (this.#progress.receive(message)) return true
    // This version does not refuse as the others do: from now on, do without.
    Seeder.#anchors = false
    return false
  }

  fail(reason: Error): void {
    this.#progress.fail(reason)
    this.removeFile()
  }

  async #seed(conversation: Conversation, to: number): Promise<void> {
    const { cli, liveSettings } = this.#parts
    const { messages } = conversation
    const introduction = this.#introduce(conversation, Math.min(to, messages.length - 1))
    const settings = toSettings(conversation)
    const anchored = Seeder.#anchors && messages.length > 1
    const steps = seedingSteps(messages, { from: this.#seeded, to, anchored })
    this.#seeded = to
    let { lines } = introduction
    if (this.#mustRehearse(steps)) {
      await this.#rehearse(introduction, settings)
      lines = ''
    }
    let isIn: Promise<void> | undefined
    for (const step of steps) {
      await isIn
      const { outcome } = step
      const wanted = outcome === 'refused' ? withBlock(settings, true) : settings
      if (outcome === 'kept' || outcome === 'refused') isIn = this.#progress.expect(outcome)
      else this.#progress.end()
      cli.write(lines + liveSettings.toSet(wanted) + step.lines)
      if (lines !== '') await introduction.response
      lines = ''
      // From here on the settings are the turn's.
      if (outcome === 'asked') return
    }
    await isIn
    this.#progress.end()
    cli.write(lines + liveSettings.toSet(settings))
    await introduction.response
  }

  /** A history that begins with a refused message shows the tools before the model is asked. */
  #mustRehearse(steps: readonly SeedingStep[]): boolean {
    if (this.#offered.isKnown || !Seeder.#anchors) return false
    const outcomes = steps.map(({ outcome }) => outcome)
    return outcomes.includes('asked') && !outcomes.includes('refused')
  }

  /**
   * Makes the CLI print the tools that it would offer: it is asked something that it refuses to
   * send, and then made to forget it. Only for a list of tools that it has not offered before.
   */
  async #rehearse({ lines, response }: Introduction, settings: CliSettings): Promise<void> {
    const { cli, liveSettings } = this.#parts
    const uuid = randomUUID()
    const question = userLine([{ type: 'text', text: 'tools' }], { query: true, uuid })
    const isRefused = this.#progress.expect('refused')
    cli.write(lines + liveSettings.toSet(withBlock(settings, true)) + question)
    await response
    await isRefused
    Rewound.parse(await cli.request({ subtype: 'rewind_conversation', target_message_uuid: uuid }))
  }

  #noteLogin(answer: unknown): void {
    const { account } = Initialized.safeParse(answer).data ?? {}
    // Of a cloud provider's login the CLI says nothing here.
    if (account?.apiProvider !== 'firstParty') return
    const { tokenSource, apiKeySource } = account
    this.#parts.onLogin((tokenSource ?? 'none') !== 'none' || Boolean(apiKeySource))
  }

  /** Once for each CLI: only the first `initialize` sets the system prompt. */
  #introduce(conversation: Conversation, count: number): Introduction {
    if (this.#introduced) return { lines: '', response: undefined }
    this.#introduced = true
    const { cli, mcp, spare, showThinking } = this.#parts
    const { system, messages, tools, outputSchema, model } = conversation
    this.#offered = new OfferedTools(tools)
    const pattern = spare?.patterns.get(model)
    if (spare && pattern) {
      spare.file.write(messages, count, pattern)
      this.#seeded = count
    }
    const { line, response } = cli.prepare({
      subtype: 'initialize',
      systemPrompt: system === '' ? [] : [system],
      ...(outputSchema && { jsonSchema: toCliSchema(outputSchema.schema) }),
      ...mcp.offer(tools),
    })
    // A CLI that waits for `initialize` could not be told before.
    void response.then((answer) => this.#noteLogin(answer)).catch(() => {})
    const display = spare && showThinking ? cli.prepare(SHOW_THINKING).line : ''
    return { lines: line + display, response }
  }
}

/** Asks for readable thinking. */
export const SHOW_THINKING = {
  subtype: 'set_max_thinking_tokens',
  thinking_display: 'summarized',
} as const
