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
  /** What is left out that the table cannot say, by its place; throws for what must be refused. */
  ignored(request: Request): string[]
}

/**
 * One way to ask for an answer. `serveDialect` in server/ does all that is the same for every API.
 * What takes a request is a method, which lets dialects with different requests be in one list.
 */
export type Dialect<Request extends DialectRequest = DialectRequest> = RequestReading<Request> & {
  /** Where its requests are posted. */
  path: string
  framing: Framing
  /** How a stream says that it failed. */
  toErrorFrame(error: TurnError, requestId: string): object
  /**
   * Sent in a silence of an answer that has begun, or that has not if the framing has no comments;
   * without it a comment is sent.
   */
  keepAlive?(request: Request, now: number): object | undefined
  /** The answer to a request that asks the model nothing; undefined for one that does. */
  toReply?(request: Request, now: number): object | undefined
  toExchange(request: Request, context: ExchangeContext): Exchange
}

/** What an API answers by itself; no worker is asked. */
export type Lookup = {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  /** Throws what is to be told as an error. */
  answer(request: LookupRequest): Promise<object> | object
}

export type LookupRequest = {
  /** Waits for the first worker. */
  catalog: () => Promise<ModelCatalog>
  /** The body as a JSON object. */
  body: () => Promise<Record<string, unknown>>
}

/** All that is an API's own. */
export type Api = {
  /** Errors at this path and below have its shape, whether the path exists or not. */
  path: string
  errors: ErrorShape
  dialects: readonly Dialect[]
  lookups: readonly Lookup[]
}
