import { isBinary } from '../../version.ts'
import { type SchemaCheck, Verdict } from './schema-check.ts'

/** How many checks run at a time; the others wait. */
const MAX_THREADS = 4
/** Many times what a check takes on a busy machine. After this its thread is ended. */
const DEADLINE_MS = 3_000

/** A compiled binary has all modules at the root of its embedded files. */
const ENTRY = new URL(
  isBinary ? './claude/answer/schema-thread.ts' : './schema-thread.ts',
  import.meta.url,
).href

/** Checks answers in threads, so that no other request waits, each for a limited time. */
export class SchemaThreads {
  /** One thread is kept for the next check, because a start takes longer than most checks. */
  #idle: Worker | undefined
  #busy = 0
  readonly #waiting: (() => void)[] = []

  /** Never rejects. If a thread fails or takes too long, the answer counts as unchecked. */
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
      // A regular expression that is running is not interrupted: the thread ends after it.
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
    // An idle thread must not keep the program running.
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
