import type { TurnEvent } from '../../../conversation/types.ts'
import { isBlank, StopScanner } from './stop-scanner.ts'

/** Cuts the text of an answer at stop sequences of white space, which the model API does not accept. */
export class BlankStops {
  readonly #scanner: StopScanner

  constructor(stopSequences: readonly string[] = []) {
    this.#scanner = new StopScanner(stopSequences.filter(isBlank))
  }

  /**
   * The events up to a stop sequence, and which one it was. Text that may be the beginning of one
   * is held back until it is clear.
   */
  cut(events: readonly TurnEvent[]): { events: TurnEvent[]; hit: string | undefined } {
    const out: TurnEvent[] = []
    for (const event of events) {
      if (event.type !== 'text') {
        const text = event.type === 'thinking' ? '' : this.#scanner.flush()
        out.push(...(text === '' ? [] : [{ type: 'text' as const, text }]), event)
        continue
      }
      const { text, hit } = this.#scanner.push(event.text)
      if (text !== '') out.push({ type: 'text', text })
      if (hit !== undefined) return { events: out, hit }
    }
    return { events: out, hit: undefined }
  }
}
