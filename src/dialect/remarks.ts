/**
 * What of one request does not reach the model as its client sent it, by path
 * (`messages[2].name`). Readers collect it; the response headers name it.
 */
export class Remarks {
  readonly #ignored = new Set<string>()
  readonly #changed = new Set<string>()

  /** Left out: `x-claude-max-api-ignored`. */
  ignore(...paths: string[]): void {
    for (const path of paths) this.#ignored.add(path)
  }

  /** Altered on its way: `x-claude-max-api-changed`. */
  change(...paths: string[]): void {
    for (const path of paths) this.#changed.add(path)
  }

  get ignored(): string[] {
    return [...this.#ignored]
  }

  get changed(): string[] {
    return [...this.#changed]
  }
}
