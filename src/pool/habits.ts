import type { Need } from '../conversation/need.ts'

/** Where a conversation stands on its worker. */
export type Standing = {
  client: string
  /** What conversations of one program have in common: system prompt, schema and tools. */
  program: string
  /** How many messages it has with its last answer, and the digest of the one before that. */
  length: number
  question: string
}

/** How much the newest conversation counts among all of the same beginning. */
const WEIGHT = 0.2
/** From this share on a conversation is expected to go on. */
const LIKELY = 0.3
/** Programs of which it is known, and conversations that have lost their worker. */
const MAX_REMEMBERED = 256

/**
 * Whether conversations go on. Of those of one program most do, or
 * most do not: a batch asks once each, a chat comes back. Only digests are kept.
 */
export class Habits {
  /** By program: the share of the conversations that went on, the last ones above all. */
  readonly #shares = new Map<string, number>()
  readonly #displaced = new Set<Standing>()

  /** A request: it may go on with a conversation that has lost its worker. */
  note({ beginning, tools, messages }: Need): void {
    const program = `${beginning} ${tools}`
    for (const standing of this.#displaced) {
      const isBack =
        standing.program === program &&
        messages.length > standing.length &&
        messages[standing.length - 2]?.digest === standing.question
      if (!isBack) continue
      this.#displaced.delete(standing)
      return this.#weigh(program, 1)
    }
  }

  wentOn({ program }: Standing): void {
    this.#weigh(program, 1)
  }

  /** A conversation has lost its worker before it went on. */
  displace(standing: Standing): void {
    this.#weigh(standing.program, 0)
    this.#displaced.add(standing)
    forgetOldest(this.#displaced)
  }

  /** Whether a conversation is expected to go on. */
  isLikely({ program }: Standing): boolean {
    return (this.#shares.get(program) ?? 0) >= LIKELY
  }

  #weigh(program: string, outcome: 0 | 1): void {
    const share = this.#shares.get(program) ?? 0
    this.#shares.delete(program)
    this.#shares.set(program, share + (outcome - share) * WEIGHT)
    forgetOldest(this.#shares)
  }
}

function forgetOldest<K>(known: {
  size: number
  keys(): Iterable<K>
  delete(key: K): boolean
}): void {
  if (known.size <= MAX_REMEMBERED) return
  for (const oldest of known.keys()) {
    known.delete(oldest)
    return
  }
}
