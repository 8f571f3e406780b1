import type { Need, Offer } from '../conversation/need.ts'
import type { Habits, Standing } from './habits.ts'
import type { Worker } from './worker.ts'

/** `pristine`: ready for anything. `idle`: after an answer. `parked`: on calls without results. */
export type FreeState = 'pristine' | 'idle' | 'parked'

/** How long a finished conversation, and one in the midst of a tool call, keeps its worker. */
export type TtlMs = Record<'idle' | 'parked', number>

export type FreeWorkersOptions = {
  ttlMs: TtlMs
  habits: Habits
  /** How many workers may be with conversations before one of these has to give way. */
  maxStanding: number
  /** Whether another worker could be booted. */
  hasRoom: () => boolean
  onExpired: (worker: Worker) => void
}

export type Taken = { worker: Worker; offer: Offer }

type Free = {
  worker: Worker
  state: FreeState
  /** Where its conversation stands; none if it has heard nothing. */
  standing: Standing | undefined
  timer: ReturnType<typeof setTimeout> | undefined
}

type Candidate = Free & { offer: Offer }

/** The workers that nobody uses: pristine ones, and those that stay with their conversations. */
export class FreeWorkers {
  /** Oldest first. */
  readonly #free = new Set<Free>()
  readonly #options: FreeWorkersOptions

  constructor(options: FreeWorkersOptions) {
    this.#options = options
  }

  /** A worker that has heard nothing. */
  putPristine(worker: Worker): void {
    this.#free.add({ worker, state: 'pristine', standing: undefined, timer: undefined })
  }

  /** A worker stays where its conversation stands, until its time is up. */
  put(worker: Worker, standing: Standing): void {
    const state = worker.isParked ? 'parked' : 'idle'
    const free: Free = {
      ...{ worker, state, standing },
      timer: setTimeout(() => {
        this.#free.delete(free)
        this.#options.habits.displace(standing)
        this.#options.onExpired(worker)
      }, this.#options.ttlMs[state]),
    }
    this.#free.add(free)
  }

  /** The worker that has least left to do for a request. */
  take(need: Need): Taken | undefined {
    const candidates = [...this.#free].flatMap((free): Candidate[] => {
      const offer = free.worker.offer(need)
      return offer ? [{ ...free, offer }] : []
    })
    const best = this.#best(candidates)
    if (!best) return undefined
    const { worker, offer, standing } = best
    this.forget(worker)
    if (standing && offer.kept > 0) this.#options.habits.wentOn(standing)
    else if (standing) this.#options.habits.displace(standing)
    return { worker, offer }
  }

  /**
   * The worker that has waited longest among those of the client that has most; those in the midst
   * of a tool call go last.
   */
  takeOldest(states: readonly FreeState[]): Worker | undefined {
    for (const state of states) {
      const [first] = this.#in(state).toSorted((a, b) => this.#ownedBy(b) - this.#ownedBy(a))
      if (first) return this.#remove(first)
    }
    return undefined
  }

  /** The oldest of those in this state, until so many are left. */
  takeBeyond(state: FreeState, count: number): Worker[] {
    const all = this.#in(state)
    return this.#removeAll(all.slice(0, Math.max(0, all.length - count)))
  }

  /** Removes those that have heard nothing and are to be replaced. */
  takeWorn(): Worker[] {
    return this.#removeAll(this.#in('pristine').filter(({ worker }) => worker.isWorn))
  }

  count(state: FreeState): number {
    return this.#in(state).length
  }

  /** False if it was not here, or else what it was. */
  forget(worker: Worker): FreeState | false {
    const free = [...this.#free].find((one) => one.worker === worker)
    this.#remove(free)
    return free?.state ?? false
  }

  takeAll(): Worker[] {
    return this.#removeAll([...this.#free])
  }

  #best(candidates: readonly Candidate[]): Candidate | undefined {
    const sharing = candidates
      .filter(({ offer }) => offer.kept > 0 || offer.isOwn)
      .toSorted((a, b) => b.offer.kept - a.offer.kept || rank(a) - rank(b))
    if (sharing[0]) return sharing[0]
    const pristine = candidates.find(({ state }) => state === 'pristine')
    const standing = candidates
      .filter(({ state }) => state !== 'pristine')
      .toSorted((a, b) => rank(a) - rank(b))
    const over = standing.find((one) => one.state === 'idle' && !this.#isWorthKeeping(one))
    if (over) return over
    const mayGrow = standing.length < this.#options.maxStanding
    if (pristine && (mayGrow || standing.length === 0)) return pristine
    const idle = standing.find(({ state }) => state === 'idle') ?? pristine
    // A conversation that waits for results goes on soon: a boot costs less than the two of them.
    return idle ?? (this.#options.hasRoom() ? undefined : standing[0])
  }

  #isWorthKeeping({ standing }: Free): boolean {
    return standing !== undefined && this.#options.habits.isLikely(standing)
  }

  #ownedBy({ standing }: Free): number {
    if (!standing) return 0
    return [...this.#free].filter((free) => free.standing?.client === standing.client).length
  }

  #in(state: FreeState): Free[] {
    return [...this.#free].filter((free) => free.state === state)
  }

  #removeAll(frees: readonly Free[]): Worker[] {
    return frees.flatMap((free) => this.#remove(free) ?? [])
  }

  #remove(free: Free | undefined): Worker | undefined {
    if (!free) return undefined
    clearTimeout(free.timer)
    this.#free.delete(free)
    return free.worker
  }
}

/** Of workers that share as much: least for one that needs nothing taken back and no other tools. */
function rank({ offer }: Candidate): number {
  return (offer.how === 'rewound' ? 2 : 0) + (offer.hasTools ? 0 : 1)
}
