import type { ModelCatalog } from '../conversation/models.ts'
import type { ParameterPolicy } from '../dialect/parameters.ts'
import type { Conversation } from '../conversation/types.ts'
import type { TurnError } from '../errors.ts'
import type { ClientResponses } from '../ledger/response-store.ts'
import type { Caller } from '../pool/caller.ts'
import type { Answer, PoolSnapshot } from '../pool/pool.ts'
import type { KeyLimit } from './key-limit.ts'

/** What the routes need from below, so that a test can put anything there. */
export type Services = {
  pool: {
    run(conversation: Conversation, caller: Caller): Promise<Answer>
    snapshot(): PoolSnapshot
  }
  /** How many turns a client may have at a time. */
  limit: KeyLimit
  /** The responses that a client may ask for again, by the name it has in `Caller`. */
  responses: { of(client: string): ClientResponses }
  /** The models that can be asked for; waits for the first worker. */
  catalog: (signal: AbortSignal) => Promise<ModelCatalog>
  /** How the owner wants requests to be read and answers to be written. */
  dialect: ParameterPolicy & { reasoning: 'summarized' | 'off' }
  /** Whether the CLI is logged in, as far as is known. */
  loggedIn: () => Promise<boolean>
}

/** What middleware leaves for later in a request. */
export type ServerEnv = {
  Variables: {
    requestId: string
    error: TurnError | undefined
    model: string | undefined
    /** See `Caller`. */
    client: string
  }
}
