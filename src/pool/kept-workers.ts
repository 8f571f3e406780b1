import type { Worker } from './worker.ts'

/** `idle`: after a finished answer. `parked`: on tool calls whose results are to come. */
export type KeptState = 'idle' | 'parked'

/** Where a conversation stands; `key` is its `affinityKey`. */
export type Place = { client: string; state: KeptState; key: string }

type Kept = Place & {
  worker: Worker
  timer: ReturnType<typeof setTimeout>
}

/** Workers that stay with their conversation for a while, in case it goes on. */
export class KeptWorkers {
  /** Oldest first: a worker is taken out when its conversation goes on, and put in again. */
  readonly #kept = new Set<Kept>()
  readonly #ttlMs: Record<KeptState, number>
  readonly #onExpired: (worker: Worker) => void

  constructor({
    ttlMs,
    onExpired,
  }: {
    ttlMs: Record<KeptState, number>
    onExpired: (worker: Worker) => void
  }) {
    this.#ttlMs = ttlMs
    this.#onExpired = onExpired
  }

  count(state: KeptState): number {
    return [...this.#kept].filter((kept) => kept.state === state).length
  }

  /** Keeps a worker under the place where its conversation stands, until its time is up. */
  keep(worker: Worker, { client, state, key }: Place): void {
    const kept: Kept = {
      ...{ worker, client, state, key },
      timer: setTimeout(() => {
        this.#kept.delete(kept)
        this.#onExpired(worker)
      }, this.#ttlMs[state]),
    }
    this.#kept.add(kept)
  }

  /** The worker that stands there; it is its caller's from now on. */
  take(state: KeptState, key: string): Worker | undefined {
    return this.#remove((kept) => kept.state === state && kept.key === key)
  }

  /**
   * The worker that has waited longest among those of the client that keeps most; those in the
   * midst of a tool call go last.
   */
  takeOldest(states: readonly KeptState[] = ['idle', 'parked']): Worker | undefined {
    for (const state of states) {
      const [first] = [...this.#kept]
        .filter((kept) => kept.state === state)
        .toSorted((a, b) => this.#keptBy(b.client) - this.#keptBy(a.client))
      if (first) return this.#remove((kept) => kept === first)
    }
    return undefined
  }

  /** A worker that died is not there to be taken. */
  forget(worker: Worker): void {
    this.#remove((kept) => kept.worker === worker)
  }

  #keptBy(client: string): number {
    return [...this.#kept].filter((kept) => kept.client === client).length
  }

  #remove(matches: (kept: Kept) => boolean): Worker | undefined {
    const kept = [...this.#kept].find(matches)
    if (!kept) return undefined
    clearTimeout(kept.timer)
    this.#kept.delete(kept)
    return kept.worker
  }
}
