import { type Account, readAccount } from './account.ts'

/**
 * How long "not logged in" is remembered. It is short, because the owner may log in at any time.
 */
const RECHECK_MS = 5_000

/** Whether the CLI is logged in: what it said last, or what the last turn showed. */
export class LoginState {
  readonly #path: string
  readonly #env: NodeJS.ProcessEnv
  readonly #subscriptionOnly: boolean
  #account: Account | undefined
  #loggedIn = false
  #checkedAt = -Infinity
  #problem: Error | undefined

  constructor(path: string, env: NodeJS.ProcessEnv, subscriptionOnly = false) {
    this.#path = path
    this.#env = env
    this.#subscriptionOnly = subscriptionOnly
  }

  get account(): Account | undefined {
    return this.#account
  }

  /** Why the CLI could not say whether it is logged in, if so. */
  get problem(): Error | undefined {
    return this.#problem
  }

  /**
   * "Logged in" is remembered until a turn fails because of the login; "not logged in" for
   * `RECHECK_MS`.
   */
  async check(): Promise<boolean> {
    if (this.#loggedIn || performance.now() - this.#checkedAt < RECHECK_MS) return this.#loggedIn
    this.#checkedAt = performance.now()
    try {
      this.#account = await readAccount(this.#path, this.#env, {
        subscriptionOnly: this.#subscriptionOnly,
      })
      this.#loggedIn = this.#account.loggedIn
      this.#problem = undefined
    } catch (error) {
      // Not fatal: the next request will show whether there is a login.
      this.#problem = error instanceof Error ? error : new Error(String(error))
    }
    return this.#loggedIn
  }

  /** Records what a turn showed, or what the CLI reported at the start of a conversation. */
  note(loggedIn: boolean): void {
    this.#loggedIn = loggedIn
  }
}
