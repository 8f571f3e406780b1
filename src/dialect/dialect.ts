import type { z } from 'zod'
import type { ModelCatalog } from './models.ts'
import type { Conversation, TurnEvent } from '../conversation/types.ts'
import type { TurnError } from '../errors.ts'
import type { Framing } from './framing.ts'
import type { ParameterTable } from './parameters.ts'
import type { RequestOptions } from './request-options.ts'

/** How an API reports an error. */
export type ErrorShape = {
  toStatus: (error: TurnError) => number
  toBody: (error: TurnError, requestId: string) => object
}

/** The fields that every request of a dialect has. */
export type DialectRequest = { model: string; stream?: boolean | null | undefined }

type ExchangeContext = RequestOptions & {
  requestId: string
  /** The client: see `Caller`. Never sent to the model. */
  client: string
  /** Whether thinking is shown. */
  reasoning: boolean
  /** Makes a new id: the prefix and 32 hexadecimal digits. */
  newId: (prefix: string) => string
  /** Unix time in milliseconds. */
  now: () => number
}

/** One request, and how its answer is written. */
type Exchange = {
  /** One for each answer that the request asks for. */
  conversations: Conversation[]
  /** The frames of a streamed answer: an object is sent as JSON, a string as it is. */
  toFrames: (turns: ReadableStream<TurnEvent>[]) => ReadableStream<object | string>
  /** The body of an answer that is not streamed; rejects if a turn fails. */
  toWhole: (turns: ReadableStream<TurnEvent>[]) => Promise<object>
}

/** How a request is read: its schema, its parameter table, and what else is ignored. */
export type RequestReading<Request> = {
  schema: z.ZodType<Request>
  parameters: ParameterTable
  /**
   * The places of ignored parts that the table cannot describe; throws for parts that must be
   * refused.
   */
  ignored(request: Request): string[]
}

/**
 * One way to ask for an answer. `serveDialect` in server/ does the rest, in the same way for every
 * API. Functions that take a request are methods, so that dialects with different requests fit into
 * one list.
 */
export type Dialect<Request extends DialectRequest = DialectRequest> = RequestReading<Request> & {
  /** The path of its requests. */
  path: string
  framing: Framing
  /** The frame that reports an error in a stream. */
  toErrorFrame(error: TurnError, requestId: string): object
  /**
   * Sent when an answer that has begun pauses; if the framing has no comments, also before it
   * begins. A comment is sent if absent.
   */
  keepAlive?(request: Request, now: number): object | undefined
  /** The answer to a request that asks the model nothing; undefined for one that does. */
  toReply?(request: Request, now: number): object | undefined
  toExchange(request: Request, context: ExchangeContext): Exchange
}

/** A request that is answered without a worker. */
export type Lookup = {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  answer(request: LookupRequest): Promise<object> | object
}

type LookupRequest = {
  /** Waits for the first worker. */
  catalog: () => Promise<ModelCatalog>
  /** The body as a JSON object. */
  body: () => Promise<Record<string, unknown>>
}

/** Everything that is specific to one API. */
export type Api = {
  /** Errors at this path and below have its form, even if the path does not exist. */
  path: string
  errors: ErrorShape
  dialects: readonly Dialect[]
  lookups: readonly Lookup[]
}
