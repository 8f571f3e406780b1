/**
 * Finds stop sequences of white space alone, which the model API does not accept. Text that could
 * be the start of one is held back until more text comes.
 */
export class StopScanner {
  readonly #sequences: readonly string[]
  #held = ''

  constructor(sequences: readonly string[]) {
    this.#sequences = sequences
  }

  /** The text that can be sent now, and the sequence that ended it, if any. */
  push(piece: string): { text: string; hit?: string } {
    if (this.#sequences.length === 0) return { text: piece }
    const text = this.#held + piece
    const [first] = this.#sequences
      .map((sequence) => ({ sequence, at: text.indexOf(sequence) }))
      .filter(({ at }) => at !== -1)
      .toSorted((a, b) => a.at - b.at)
    if (first) {
      this.#held = ''
      return { text: text.slice(0, first.at), hit: first.sequence }
    }
    const keep = Math.max(...this.#sequences.map((sequence) => overlap(text, sequence)))
    this.#held = text.slice(text.length - keep)
    return { text: text.slice(0, text.length - keep) }
  }

  /** The text that was held back and turned out not to be a stop sequence. */
  flush(): string {
    const held = this.#held
    this.#held = ''
    return held
  }
}

/** How many characters at the end of `text` are the start of `sequence`. */
function overlap(text: string, sequence: string): number {
  const longest = Math.min(text.length, sequence.length - 1)
  for (let length = longest; length > 0; length--) {
    if (text.endsWith(sequence.slice(0, length))) return length
  }
  return 0
}

/** The model API refuses stop sequences without a visible character. */
export function isBlank(sequence: string): boolean {
  return sequence.trim() === ''
}
