import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'

/** What an examination has shown of a CLI that can be used. */
const Verdict = z.object({
  /** See `stampOf`. */
  stamp: z.string(),
  version: z.string(),
  /** The list of claims by which it was examined. */
  claims: z.string(),
  /** The names of claims that do not hold, and without which it can be used. */
  off: z.array(z.string()),
})

export type Verdict = z.infer<typeof Verdict>

const Verdicts = z.array(Verdict)

/** So many installed versions are remembered. */
const MAX_VERDICTS = 10

/**
 * The verdicts on the CLIs that could be used, newest first, in a file that only its owner can
 * read. A CLI that could not be used is not remembered: it is examined again.
 */
export class VerdictFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** All that can be read; a broken file is like none. */
  read(): Verdict[] {
    try {
      return Verdicts.parse(JSON.parse(readFileSync(this.#path, 'utf8')))
    } catch {
      return []
    }
  }

  /** Throws if the file cannot be written. */
  add(verdict: Verdict): void {
    const others = this.read().filter(({ stamp }) => stamp !== verdict.stamp)
    const verdicts = [verdict, ...others].slice(0, MAX_VERDICTS)
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    const next = `${this.#path}.${process.pid}`
    writeFileSync(next, `${JSON.stringify(verdicts, undefined, 2)}\n`, { mode: 0o600 })
    chmodSync(next, 0o600)
    // In one step: another server may be reading it.
    renameSync(next, this.#path)
  }
}
