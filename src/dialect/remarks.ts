/**
 * Collects the parts of one request that do not reach the model as the client sent them, by their
 * path (`messages[2].name`). The response headers name them.
 */
export class Remarks {
  readonly #ignored = new Set<string>()
  readonly #changed = new Set<string>()

  /** Left out: named in `x-claude-max-api-ignored`. */
  ignore(...paths: string[]): void {
    for (const path of paths) this.#ignored.add(path)
  }

  /** Changed: named in `x-claude-max-api-changed`. */
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
