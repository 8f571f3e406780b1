import type { ToolSpec } from '../../conversation/types.ts'
import { TurnError } from '../../errors.ts'
import type { CliMessage } from '../process/protocol.ts'

/** Hashes of tool lists that the CLI has offered completely before, oldest first. */
const offeredWhole = new Set<number | bigint>()
const MAX_REMEMBERED = 1_000

/** The CLI prints the names of the offered tools before each turn, this one under another name. */
const PRINTED_AS: ReadonlyMap<string, string> = new Map([['Agent', 'Task']])

/**
 * Compares a conversation's tools with those that the CLI offers to the model. If the CLI leaves a
 * tool out, this list is the only sign.
 */
export class OfferedTools {
  readonly #names: readonly string[]
  readonly #hash: number | bigint

  constructor(tools: readonly ToolSpec[]) {
    this.#names = tools.map(({ name }) => name)
    this.#hash = Bun.hash(JSON.stringify(tools))
  }

  /** Whether a CLI has offered all of this list before. */
  get isKnown(): boolean {
    return this.#names.length === 0 || offeredWhole.has(this.#hash)
  }

  /** The error if tools are missing in the message, the CLI's list of offered tools. */
  check(message: CliMessage): TurnError | undefined {
    if (message.type !== 'system' || message.subtype !== 'init' || !message.tools) return undefined
    const offered = new Set(message.tools)
    const missing = this.#names.filter((name) => !offered.has(PRINTED_AS.get(name) ?? name))
    if (missing.length > 0) return notOffered(missing, this.isKnown)
    this.#remember()
    return undefined
  }

  #remember(): void {
    if (this.isKnown) return
    const [oldest] = offeredWhole
    if (offeredWhole.size >= MAX_REMEMBERED && oldest !== undefined) offeredWhole.delete(oldest)
    offeredWhole.add(this.#hash)
  }
}

function notOffered(names: readonly string[], isKnown: boolean): TurnError {
  if (isKnown) {
    const words = `The claude CLI leaves out tools that it has offered before: ${names.join(', ')}.`
    return new TurnError('worker', words)
  }
  return new TurnError(
    'invalid_request',
    `The claude CLI leaves out these tools, so nothing was sent to the model: ${names.join(', ')}. ` +
      'It does not accept something in their schemas or descriptions. Simplify them, or leave the tools out.',
    { param: 'tools' },
  )
}
