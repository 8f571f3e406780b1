import type { Conversation } from '../conversation/types.ts'
import { toCliSchema } from './cli-schema.ts'
import type { Connection } from './connection.ts'
import type { Levers } from './levers.ts'
import type { McpServer } from './mcp-server.ts'
import { type CliMessage, Initialized } from './protocol.ts'
import { seedingSteps } from './seeding.ts'
import { SeedingProgress } from './seeding-progress.ts'
import { isWritable, type SessionFile } from './session-file.ts'
import type { SessionPatterns } from './session-patterns.ts'
import { toSettings, withFuse } from './settings.ts'

/** A CLI that waits to read its history from a file. */
export type Spare = { file: SessionFile; patterns: SessionPatterns }

export type SeederParts = {
  cli: Connection
  mcp: McpServer
  levers: Levers
  spare: Spare | undefined
  /** Whether to ask for readable thinking; the CLI's own default shows next to nothing. */
  showThinking: boolean
  /** Told whether the CLI has a login, when it can tell. */
  onLogin: (loggedIn: boolean) => void
}

/** Brings a conversation into a booted CLI: at once, or its beginning ahead of time. */
export class Seeder {
  /** Whether the CLI refuses a message when told to; see `seedingSteps`. */
  static #anchors = true

  readonly #parts: SeederParts
  readonly #progress = new SeedingProgress()
  /** Messages that the CLI has. */
  #seeded = 0
  #introduced = false

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
    const { cli, levers } = this.#parts
    const { messages } = conversation
    const introduction = this.#introduce(conversation, Math.min(to, messages.length - 1))
    const settings = toSettings(conversation)
    const anchored = Seeder.#anchors && messages.length > 1
    const steps = seedingSteps(messages, { from: this.#seeded, to, anchored })
    this.#seeded = to
    let { lines } = introduction
    let isIn: Promise<void> | undefined
    for (const step of steps) {
      await isIn
      const { outcome } = step
      const wanted = outcome === 'refused' ? withFuse(settings, true) : settings
      if (outcome === 'kept' || outcome === 'refused') isIn = this.#progress.expect(outcome)
      else this.#progress.end()
      cli.write(lines + levers.toSet(wanted) + step.lines)
      if (lines !== '') await introduction.response
      lines = ''
      // From here on the settings are the turn's.
      if (outcome === 'asked') return
    }
    await isIn
    this.#progress.end()
    cli.write(lines + levers.toSet(settings))
    await introduction.response
  }

  #noteLogin(answer: unknown): void {
    const { account } = Initialized.safeParse(answer).data ?? {}
    // Of a cloud provider's login the CLI says nothing here.
    if (account?.apiProvider !== 'firstParty') return
    const { tokenSource, apiKeySource } = account
    this.#parts.onLogin((tokenSource ?? 'none') !== 'none' || Boolean(apiKeySource))
  }

  /** Once for each CLI: only the first `initialize` sets the system prompt. */
  #introduce(conversation: Conversation, count: number) {
    if (this.#introduced) return { lines: '', response: undefined }
    this.#introduced = true
    const { cli, mcp, spare, showThinking } = this.#parts
    const { system, messages, tools, outputSchema, model } = conversation
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
