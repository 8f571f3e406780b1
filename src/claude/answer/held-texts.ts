import type { TurnEvent } from '../../conversation/types.ts'

/** Texts beside structured output. They are sent only if no JSON comes. */
export class HeldTexts {
  #texts: string[] = []

  /** Begins a text of its own. */
  begin(): void {
    this.#texts.push('')
  }

  /** Adds to the last text. */
  add(piece: string): void {
    this.#texts.push((this.#texts.pop() ?? '') + piece)
  }

  get joined(): string {
    return this.#texts.join('')
  }

  /** The texts as events, once. */
  release(): TurnEvent[] {
    const texts = this.#texts.filter((text) => text !== '')
    this.#texts = []
    return texts.flatMap((text, index): TurnEvent[] => [
      ...(index === 0 ? [] : [{ type: 'next_block' } as const]),
      { type: 'text', text },
    ])
  }
}
