import type { TurnError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { BackoffOptions } from './backoff.ts'
import { CrashLoop, type Start } from './crash-loop.ts'
import type { Worker } from './worker.ts'

export type BootsOptions = {
  boot: () => Promise<Worker>
  /** The delays between boots that fail. */
  backoff?: BackoffOptions
  log: Log
}

export type BootsListener = {
  onBooted: (worker: Worker) => void
  /** Told what those who wait are to be told. */
  onRefused: (reason: TurnError) => void
  /** After each boot, however it ended. */
  onSettled: () => void
}

/** The workers that are just booting, and whether they can be booted at all. */
export class Boots {
  readonly #options: BootsOptions
  readonly #listener: BootsListener
  readonly #starts: CrashLoop
  readonly #running = new Set<Promise<void>>()

  constructor(options: BootsOptions, listener: BootsListener) {
    this.#options = options
    this.#listener = listener
    this.#starts = new CrashLoop(options.backoff)
  }

  get running(): number {
    return this.#running.size
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#starts.failures
  }

  /** Milliseconds until a worker that nobody waits for may be booted. */
  get waitMs(): number {
    return this.#starts.waitMs
  }

  /** After a failure the next attempt shows whether more of them would do any better. */
  get maxAtOnce(): number {
    return this.#starts.maxAtOnce
  }

  /** For a request that comes before the next attempt is due. */
  get refusal(): TurnError | undefined {
    return this.#starts.refusal
  }

  begin(): void {
    const boot = this.#boot().finally(() => {
      this.#running.delete(boot)
      this.#listener.onSettled()
    })
    this.#running.add(boot)
  }

  /** Resolves when all that are running have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #boot(): Promise<void> {
    const start = this.#starts.begin()
    try {
      const worker = await this.#options.boot()
      this.#starts.succeed()
      this.#listener.onBooted(worker)
    } catch (error) {
      this.#failed(error, start)
    }
  }

  #failed(error: unknown, start: Start): void {
    const reason = this.#starts.fail(error, start)
    const { failures, waitMs } = this.#starts
    const fields = { error, failures, nextTryMs: Math.ceil(waitMs) }
    this.#options.log.error('A worker could not be started.', fields)
    if (reason) this.#listener.onRefused(reason)
  }
}
