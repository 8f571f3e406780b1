import type { ModelCatalog } from '../conversation/models.ts'
import type { ParameterPolicy } from '../dialect/parameters.ts'
import type { Conversation } from '../conversation/types.ts'
import type { TurnError } from '../errors.ts'
import type { ClientResponses } from '../ledger/response-store.ts'
import type { Caller } from '../pool/caller.ts'
import type { Answer, PoolSnapshot } from '../pool/pool.ts'
import type { KeyLimit } from './key-limit.ts'
import type { AnswerFacts, Lifetime } from './lifetime.ts'
import type { BodyLimits } from './body/request-body.ts'

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
  /** Only a server with a socket has it. */
  Bindings: { connection?: Connection }
  Variables: {
    requestId: string
    /** See `Caller`. */
    client: string
    lifetime: Lifetime
    /** An answer that begins later than its headers. */
    lateAnswer: Promise<AnswerFacts> | undefined
    bodyLimits: BodyLimits
    /** Told of the body of a request, if the owner wants to see it. */
    noteBody: ((body: string) => void) | undefined
    error: TurnError | undefined
    model: string | undefined
  }
}

/** The connection that a request came over. */
export type Connection = {
  /** Nothing is asked on it any more: it is closed when that stays so. */
  rest: () => void
}
