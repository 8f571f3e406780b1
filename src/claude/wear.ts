import { stampOf } from './install/stamp.ts'
import { residentMb } from './process/memory.ts'

/**
 * A worker grows by some 55 MB in its first 100 turns and then by 6 in each further 100; its
 * answers stay what they are.
 */
const MAX_MB = 320
const MAX_TURNS = 1_000
/** How often its memory is looked at. */
const LOOK_TURNS = 20

/** Why a worker should make room for a new one as soon as its conversation allows. */
export class Wear {
  readonly #pid: number
  readonly #path: string
  /** What was at the path of the CLI when the process was started. */
  readonly #stamp: string | undefined
  #turns = 0
  #isLarge = false

  constructor(pid: number, path: string) {
    this.#pid = pid
    this.#path = path
    this.#stamp = stampOf(path)
  }

  get isOut(): boolean {
    return this.#isLarge || this.#turns >= MAX_TURNS || this.#isOfOtherCli()
  }

  noteTurn(): void {
    this.#turns++
    if (this.#turns % LOOK_TURNS === 0) this.#isLarge = (residentMb(this.#pid) ?? 0) > MAX_MB
  }

  /** While an update has taken the CLI away, the old processes are all there is. */
  #isOfOtherCli(): boolean {
    const now = stampOf(this.#path)
    return now !== undefined && now !== this.#stamp
  }
}
