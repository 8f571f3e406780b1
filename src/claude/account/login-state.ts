import { type Account, readAccount } from './account.ts'

/** How long a "not logged in" is believed: the owner may be logging in just now. */
const RECHECK_MS = 5_000

/** Whether the CLI is logged in, as last seen: by its own word, or by how a turn went. */
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

  /** Why the CLI could not tell, if it could not. */
  get problem(): Error | undefined {
    return this.#problem
  }

  /** A login is believed until a turn fails for want of one; its absence only for a while. */
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
      // Not fatal: requests will show whether there is a login.
      this.#problem = error instanceof Error ? error : new Error(String(error))
    }
    return this.#loggedIn
  }

  /** What a turn showed, or what the CLI said of itself when a conversation began. */
  note(loggedIn: boolean): void {
    this.#loggedIn = loggedIn
  }
}
