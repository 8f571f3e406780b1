import type { ToolSpec } from '../../conversation/types.ts'
import { TurnError } from '../../errors.ts'
import type { CliMessage } from '../process/protocol.ts'

/** Lists of tools that the CLI has been seen to offer whole, by their hashes, oldest first. */
const offeredWhole = new Set<number | bigint>()
const MAX_REMEMBERED = 1_000

/** Before each turn the CLI prints the names of the tools that it offers; this one it calls so. */
const PRINTED_AS: ReadonlyMap<string, string> = new Map([['Agent', 'Task']])

/**
 * Compares the tools of a conversation with those that the CLI offers to the model: of a tool that
 * it leaves out, it says nothing else.
 */
export class OfferedTools {
  readonly #names: readonly string[]
  readonly #hash: number | bigint

  constructor(tools: readonly ToolSpec[]) {
    this.#names = tools.map(({ name }) => name)
    this.#hash = Bun.hash(JSON.stringify(tools))
  }

  /** Whether a CLI has offered all of this very list before. */
  get isKnown(): boolean {
    return this.#names.length === 0 || offeredWhole.has(this.#hash)
  }

  /** What is wrong if tools are missing in what the CLI has just printed. */
  check(message: CliMessage): TurnError | undefined {
    if (message.type !== 'system' || message.subtype !== 'init' || !message.tools) return undefined
    const offered = new Set(message.tools)
    const missing = this.#names.filter((name) => !offered.has(PRINTED_AS.get(name) ?? name))
    if (missing.length > 0) return notOffered(missing)
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

function notOffered(names: readonly string[]): TurnError {
  return new TurnError(
    'invalid_request',
    `The claude CLI leaves out these tools, so nothing was sent to the model: ${names.join(', ')}. ` +
      'Their schemas or descriptions have something that it does not take.',
    { param: 'tools' },
  )
}
