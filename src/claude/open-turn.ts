import { type CliMessage, isLocalRefusal } from './process/protocol.ts'
import type { SecondRequestBlock } from './settings/second-request-block.ts'
import type { McpServer } from './tools/mcp-server.ts'
import type { Turn } from './turn.ts'
import { TurnError } from '../errors.ts'
import { within } from './within.ts'

export type OpenTurnParts = {
  mcp: McpServer
  secondRequestBlock: Pick<SecondRequestBlock, 'isInForce' | 'isSet' | 'requesting' | 'lift'>
  /** For a CLI that is about to ask the model what nobody asked for. */
  kill: () => void
}

/** From the end of an answer to the CLI's `result`; measured: milliseconds. */
const RESULT_MS = 5_000

type Open = { turn: Turn; maxTokens: number | undefined; ended: PromiseWithResolvers<void> }

/**
 * The turn that the CLI is at, from the question to its `result`. It is longer than the client's:
 * a tool call ends that one, while the CLI waits for the result.
 */
export class OpenTurn {
  readonly #parts: OpenTurnParts
  #open: Open | undefined
  /** What the CLI prints belongs to a turn that is being taken back. */
  #isRewinding = false

  constructor(parts: OpenTurnParts) {
    this.#parts = parts
  }

  /** Resolves when the CLI is at no turn; its answer is out, so that is soon. */
  async requireEnd(): Promise<void> {
    if (!this.#open) return
    const isEnded = this.#open.ended.promise.then(() => true)
    if (await within(isEnded, RESULT_MS)) return
    throw new TurnError('worker', `The CLI did not end its turn within ${RESULT_MS} ms.`)
  }

  /** How long an answer may be until the CLI's turn ends. */
  get maxTokens(): number | undefined {
    return this.#open?.maxTokens
  }

  /** The model is about to be asked; its answer is for the client when the CLI has `agreed`. */
  begin(turn: Turn, agreed: Promise<unknown>): void {
    turn.holdUntil(agreed)
    this.#open = { turn, maxTokens: turn.maxTokens, ended: Promise.withResolvers() }
  }

  /** The next turn of the client, within the same turn of the CLI. */
  goOn(turn: Turn, agreed: Promise<unknown>): void {
    turn.holdUntil(agreed)
    if (this.#open) this.#open.turn = turn
  }

  /** Drops what the CLI prints until `rewound` settles: all of it is of the turn taken back. */
  async drop(rewound: Promise<void>): Promise<void> {
    // Whether the request went out before that is not told: then it must be taken for sent.
    if (this.#open && !this.#open.turn.wasRequested) this.#parts.mcp.noteSent()
    this.#isRewinding = true
    this.end()
    await rewound.finally(() => (this.#isRewinding = false))
  }

  /** The CLI is done with it, or dead. */
  end(): void {
    this.#open?.ended.resolve()
    this.#open = undefined
  }

  async receive(message: CliMessage): Promise<void> {
    if (this.#isRewinding) return
    const { mcp, secondRequestBlock, kill } = this.#parts
    const isRequesting = message.type === 'system' && message.status === 'requesting'
    const turn = this.#open?.turn
    if (!turn) {
      if (isRequesting) kill()
      return
    }
    if (message.type === 'user') mcp.noteResults(message)
    if (isRequesting) this.#requesting(turn)
    if (isAnswer(message)) {
      // A version that does not announce its requests has sent this one all the same.
      turn.markRequested()
      // A second request, which was to be refused, was not.
      if (turn.goesOnAlone) kill()
      mcp.noteAnswered()
    }
    const isRefused = message.type === 'result' && isLocalRefusal(message)
    if (isRefused && secondRequestBlock.isSet) turn.noteRefused()
    const events = turn.translate(message)
    const end = events.at(-1)
    if (end?.type === 'stop') this.#stopped(turn)
    if (end?.type === 'error' && turn.goesOnAlone) kill()
    if (message.type === 'result') this.end()
    await turn.deliver(events)
  }

  #requesting(turn: Turn): void {
    const { mcp, secondRequestBlock, kill } = this.#parts
    if (turn.ended && turn.wasRequested) {
      // Within a turn as well; one that is going to be refused is announced, too.
      if (!secondRequestBlock.isInForce) kill()
      return
    }
    mcp.noteSent()
    turn.markRequested()
    if (!turn.ended) secondRequestBlock.requesting(turn.maxTokens)
  }

  #stopped(turn: Turn): void {
    const { secondRequestBlock, kill } = this.#parts
    // Before the client hears of the end: the CLI asks again within milliseconds.
    if (turn.goesOnAlone && !secondRequestBlock.isInForce) kill()
    if (!turn.spent) secondRequestBlock.lift()
  }
}

/** The beginning of an answer of the model. */
function isAnswer(message: CliMessage): boolean {
  return message.type === 'stream_event' && message.event.type === 'message_start'
}
