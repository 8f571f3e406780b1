import type { Log } from '../log.ts'

/** How long the proxy does without something that the CLI did not do as it should. */
const OFF_MS = 15 * 60_000

/** Something undocumented that we have the CLI do, and can do without. */
export class Ability {
  readonly name: string
  readonly #log: Log
  readonly #now: () => number
  #failedAt = -Infinity
  #isAllowed = true

  constructor(name: string, log: Log, now: () => number = () => performance.now()) {
    this.name = name
    this.#log = log
    this.#now = now
  }

  /** Whether it is to be relied on; after a failure it is tried again when some time is over. */
  get isOn(): boolean {
    return this.#isAllowed && this.#now() - this.#failedAt >= OFF_MS
  }

  /** What an examination of the installed CLI has shown; holds until the next one. */
  set isAllowed(value: boolean) {
    this.#isAllowed = value
    if (value) this.#failedAt = -Infinity
  }

  /** It did not work as expected. */
  fail(reason: string): void {
    if (this.isOn) {
      const minutes = OFF_MS / 60_000
      this.#log.warn(`The claude CLI does not ${this.name}: done without for ${minutes} minutes.`, {
        reason,
      })
    }
    this.#failedAt = this.#now()
  }
}

/** What is relied on of one installed CLI, by all of its workers. */
export class Abilities {
  /** Cutting back a conversation that a worker has; without it each one needs a new process. */
  readonly rewind: Ability
  /** Refusing a message when told to; without it a seeded history misses the prompt cache. */
  readonly anchor: Ability

  constructor(log: Log, now?: () => number) {
    this.rewind = new Ability('rewind its conversations', log, now)
    this.anchor = new Ability('refuse a message when it is told to', log, now)
  }

  /** The names of those that are off. */
  get missing(): string[] {
    return [this.rewind, this.anchor].flatMap(({ isOn, name }) => (isOn ? [] : [name]))
  }
}
