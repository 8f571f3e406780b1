import { isBinary } from '../../version.ts'
import { type SchemaCheck, Verdict } from './schema-check.ts'

/** Checks at a time; of more, each waits for one to end. */
const MAX_THREADS = 4
/** Many times what a check takes on a busy machine; then its thread is ended. */
const DEADLINE_MS = 3_000

/** In a binary all of the program is one module, at the root of the files that it holds. */
const ENTRY = new URL(
  isBinary ? './claude/answer/schema-thread.ts' : './schema-thread.ts',
  import.meta.url,
).href

/** Checks answers where nothing else has to wait for it, each for a bounded time. */
export class SchemaThreads {
  /** Of those that are started one is kept: a start takes longer than most checks. */
  #idle: Worker | undefined
  #busy = 0
  readonly #waiting: (() => void)[] = []

  /** Never rejects: a thread that fails, or takes too long, leaves the answer unchecked. */
  async check(check: SchemaCheck): Promise<Verdict> {
    if (this.#busy === MAX_THREADS) await this.#turn()
    else this.#busy++
    const thread = this.#idle ?? new Worker(ENTRY)
    this.#idle = undefined
    try {
      const verdict = await verdictOf(thread, check)
      this.#rest(thread)
      return verdict
    } catch {
      // A match that is under way is ended at its own end, which is what the maximum is for.
      thread.terminate()
      return { is: 'unchecked' }
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#busy--
    }
  }

  #turn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    return promise
  }

  #rest(thread: Worker): void {
    if (this.#idle) return thread.terminate()
    // It keeps no program running.
    thread.unref()
    this.#idle = thread
  }
}

async function verdictOf(thread: Worker, check: SchemaCheck): Promise<Verdict> {
  const { promise, resolve, reject } = Promise.withResolvers<Verdict>()
  const done = new AbortController()
  const { signal } = done
  thread.addEventListener('message', ({ data }) => resolve(Verdict.parse(data)), { signal })
  thread.addEventListener('error', ({ message }) => reject(new Error(message)), { signal })
  const timer = setTimeout(() => reject(new Error('too late')), DEADLINE_MS)
  try {
    thread.ref()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    thread.postMessage(check)
    return await promise
  } finally {
    clearTimeout(timer)
    done.abort()
  }
}
