import { randomUUID } from 'node:crypto'
import type { Need } from '../../conversation/need.ts'
import type { TurnError } from '../../errors.ts'
import type { Abilities } from '../abilities.ts'
import { reportedLogin } from '../account/reported-login.ts'
import { toCliSchema } from '../answer/cli-schema.ts'
import type { Connection } from '../process/connection.ts'
import { ANSWER_MS } from '../process/control.ts'
import type { CliMessage } from '../process/protocol.ts'
import type { LiveSettings } from '../settings/live-settings.ts'
import { type CliSettings, toSettings, withBlock } from '../settings/settings.ts'
import type { McpServer } from '../tools/mcp-server.ts'
import { OfferedTools } from '../tools/offered-tools.ts'
import { rewind } from './rewind.ts'
import { type SeedingStep, seedingSteps, userLine } from './seeding.ts'
import { type Expected, SeedingProgress } from './seeding-progress.ts'
import type { Transcript } from './transcript.ts'

export type SeederParts = {
  cli: Connection
  mcp: McpServer
  liveSettings: LiveSettings
  transcript: Transcript
  abilities: Abilities
  /** Told whether the CLI has a login, or undefined if it cannot tell. */
  onLogin: (loggedIn: boolean | undefined) => void
}

/** Who waits for an answer. */
export type Asker = {
  /** Whether anybody still does. */
  isThere: () => boolean
  /** Told just before the model is asked; the CLI may not have agreed to everything yet. */
  onAsk: (agreed: Promise<unknown>) => void
}

/** What a CLI is told of a conversation before its messages, and its answer. */
type Introduction = { lines: string; response: Promise<unknown> | undefined }

const NOTHING: Introduction = { lines: '', response: undefined }

/** Gives a CLI what it does not have of a conversation, and the question. */
export class Seeder {
  readonly #parts: SeederParts
  readonly #progress = new SeedingProgress()
  #offered = new OfferedTools([])
  /** The digest of the tools that the CLI has. */
  #tools: string | undefined

  constructor(parts: SeederParts) {
    this.#parts = parts
  }

  /** Whether the CLI offers this list of tools now. */
  hasTools({ tools }: Need): boolean {
    return this.#tools === tools
  }

  /** Whether the CLI's output belongs to the history still. */
  get active(): boolean {
    return this.#progress.active
  }

  /**
   * Gives the CLI all that stands behind what its transcript has, and asks the last message. False
   * if nobody was there any more and the model was not asked.
   */
  async ask(need: Need, asker: Asker): Promise<boolean> {
    // Before it is begun: what has begun must have been told its system prompt.
    if (!asker.isThere()) return false
    const { cli, liveSettings, transcript, abilities } = this.#parts
    const { messages } = need.conversation
    const isNew = !this.hasTools(need)
    let introduction = transcript.hasBegun ? NOTHING : this.#introduce(need)
    if (transcript.hasBegun && isNew) await this.#changeTools(need)
    this.#tools = need.tools
    transcript.begin(need)
    const settings = toSettings(need.conversation)
    const anchored = abilities.anchor.isOn && transcript.isEmpty && messages.length > 1
    const steps = seedingSteps(messages, { from: transcript.length, anchored })
    if (isNew && this.#mustRehearse(steps)) {
      await this.#rehearse(introduction, settings)
      introduction = NOTHING
    }
    for (const step of steps) {
      if (!asker.isThere()) return false
      const { outcome } = step
      const wanted = outcome === 'refused' ? withBlock(settings, true) : settings
      const lines = introduction.lines + liveSettings.toSet(wanted) + step.lines
      const agreed = Promise.all([introduction.response, liveSettings.agreed])
      introduction = NOTHING
      if (outcome === 'asked') {
        this.#note(step, need)
        asker.onAsk(agreed)
        cli.write(lines)
        await agreed
        return true
      }
      await this.#write(lines, { outcome, agreed })
      this.#note(step, need)
    }
    return false
  }

  /**
   * What the CLI does that it must not: then it has to be killed, at once. `isAsking`: it may have
   * asked the model already.
   */
  receive(message: CliMessage): { error: TurnError; isAsking: boolean } | undefined {
    const wrong = this.#offered.check(message) ?? this.#parts.liveSettings.checkModel(message)
    if (wrong) this.fail(wrong)
    if (wrong) return { error: wrong, isAsking: false }
    const error = this.active ? this.#progress.receive(message) : undefined
    return error && { error, isAsking: true }
  }

  fail(reason: Error): void {
    this.#progress.fail(reason)
  }

  /** Resolves when the CLI has kept the message at their end, or refused it. */
  async #write(
    lines: string,
    { outcome, agreed }: { outcome: Expected; agreed: Promise<unknown> },
  ): Promise<void> {
    const isIn = this.#progress.expect(outcome, lines.length)
    this.#parts.cli.write(lines)
    try {
      await agreed
      await isIn
    } catch (error) {
      const isAnchor = outcome === 'refused' && this.#progress.hasDisobeyed
      if (isAnchor) this.#parts.abilities.anchor.fail(String(error))
      throw error
    }
    this.#progress.end()
  }

  #note({ end, uuid }: SeedingStep, { messages }: Need): void {
    const { transcript } = this.#parts
    transcript.add(messages.slice(transcript.length, end), uuid)
  }

  /** A history that begins with a refused message shows the tools before the model is asked. */
  #mustRehearse(steps: readonly SeedingStep[]): boolean {
    const { anchor, rewind: rewinding } = this.#parts.abilities
    if (this.#offered.isKnown || !anchor.isOn || !rewinding.isOn) return false
    return steps.every(({ outcome }) => outcome !== 'refused')
  }

  /**
   * Makes the CLI print the tools that it would offer: it is asked something that it refuses to
   * send, and then made to forget it. Only for a list of tools that it has not offered before.
   */
  async #rehearse({ lines, response }: Introduction, settings: CliSettings): Promise<void> {
    const { cli, liveSettings, abilities } = this.#parts
    const uuid = randomUUID()
    const question = userLine([{ type: 'text', text: 'tools' }], { query: true, uuid })
    const all = lines + liveSettings.toSet(withBlock(settings, true)) + question
    const agreed = Promise.all([response, liveSettings.agreed])
    await this.#write(all, { outcome: 'refused', agreed })
    await rewind(cli, abilities, { target: uuid, newest: uuid })
  }

  async #changeTools(need: Need): Promise<void> {
    const { cli, mcp } = this.#parts
    this.#offered = new OfferedTools(need.conversation.tools)
    await cli.request(mcp.change(need), ANSWER_MS)
  }

  /** Once for each CLI: only the first `initialize` sets the system prompt. */
  #introduce(need: Need): Introduction {
    const { cli, mcp, onLogin } = this.#parts
    const { system, tools, outputSchema } = need.conversation
    this.#offered = new OfferedTools(tools)
    const request = {
      subtype: 'initialize',
      systemPrompt: system === '' ? [] : [system],
      ...(outputSchema && { jsonSchema: toCliSchema(outputSchema.schema) }),
      ...mcp.offer(need),
    }
    const { line, response } = cli.prepare(request, ANSWER_MS)
    void response.then((answer) => onLogin(reportedLogin(answer))).catch(() => {})
    return { lines: line, response }
  }
}
