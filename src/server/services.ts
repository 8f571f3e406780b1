import type { ModelCatalog } from '../dialect/models.ts'
import type { ParameterPolicy } from '../dialect/parameters.ts'
import type { Conversation } from '../conversation/types.ts'
import type { TurnError } from '../errors.ts'
import type { ClientResponses } from '../ledger/response-store.ts'
import type { Caller } from '../pool/caller.ts'
import type { Answer, PoolSnapshot } from '../pool/pool.ts'
import type { KeyLimit } from './key-limit.ts'
import type { AnswerFacts, Lifetime } from './lifetime.ts'
import type { BodyLimits } from './body/request-body.ts'

/** The CLI as `/ready` shows it. */
type CliFacts = {
  version: string | undefined
  selfTest: string
  /** What is done without. */
  off: readonly string[]
  /** Why it cannot be used now. */
  problem: string | undefined
}

/** What the routes need from other layers, so that tests can replace it. */
export type Services = {
  pool: {
    run(conversation: Conversation, caller: Caller): Promise<Answer>
    snapshot(): PoolSnapshot
  }
  /** Limits how many turns a client may have at a time. */
  limit: KeyLimit
  /** The stored responses of a client, by its name in `Caller`. */
  responses: { of(client: string): ClientResponses }
  /** The models that can be requested; waits for the first worker. */
  catalog: (signal: AbortSignal) => Promise<ModelCatalog>
  /** The owner's settings for reading requests and writing answers. */
  policy: ParameterPolicy & { reasoning: 'summarized' | 'off' }
  /** Whether the CLI is logged in, as far as is known. */
  loggedIn: () => Promise<boolean>
  /** What is known of the CLI. */
  cli: () => CliFacts
  /** How long a stream keeps its status for a failure before the first event. */
  graceMs?: number
}

/** What middleware stores for later steps of a request. */
export type ServerEnv = {
  /** Missing in tests without a socket. */
  Bindings: { connection?: Connection }
  Variables: {
    requestId: string
    /** See `Caller`. */
    client: string
    lifetime: Lifetime
    /** An answer that begins after its headers. */
    lateAnswer: Promise<AnswerFacts> | undefined
    bodyLimits: BodyLimits
    /** Gets the body of a request if bodies are logged. */
    noteBody: ((body: string) => void) | undefined
    error: TurnError | undefined
    model: string | undefined
  }
}

/** The connection of a request. */
type Connection = {
  /** No request is running on it; it is closed if that does not change. */
  rest: () => void
}
