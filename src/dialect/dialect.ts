import type { z } from 'zod'
import type { Conversation, TurnEvent } from '../conversation/types.ts'
import type { TurnError } from '../errors.ts'
import type { ParameterTable } from './parameters.ts'
import type { RequestOptions } from './request-options.ts'

/** How an API tells a client of a failure. */
export type ErrorShape = {
  toStatus: (error: TurnError) => number
  toBody: (error: TurnError, requestId: string) => object
}

/** What every request of a dialect has. */
export type DialectRequest = { model: string; stream?: boolean | null | undefined }

export type ExchangeContext = RequestOptions & {
  requestId: string
  /** Who asks: see `Caller`. Never shown to the model. */
  client: string
  /** Whether thinking is shown. */
  reasoning: boolean
  /** A new id: the prefix and 32 hexadecimal digits. */
  newId: (prefix: string) => string
  /** Unix seconds. */
  now: () => number
}

/** One request and its answer: what is asked, and how what comes back is written. */
export type Exchange = {
  /** One for each answer that is wanted. */
  conversations: Conversation[]
  /** The answers as they come: an object is sent as JSON, a string as it is. */
  toFrames: (turns: ReadableStream<TurnEvent>[]) => ReadableStream<object | string>
  /** The body of a plain answer; rejects when a turn fails. */
  toWhole: (turns: ReadableStream<TurnEvent>[]) => Promise<object>
}

/** How a request is read: its schema, and what of it is left out. */
export type RequestReading<Request> = {
  schema: z.ZodType<Request>
  parameters: ParameterTable
  /** What is left out that the table cannot say, by its place; throws for what must be refused. */
  ignored: (request: Request) => string[]
}

/** All that is an API's own. `serveDialect` in server/ does the rest, for every API alike. */
export type Dialect<Request extends DialectRequest> = RequestReading<Request> & {
  /** Where its requests are posted; errors below it have its shape. */
  path: string
  errors: ErrorShape
  /** Whether the `type` of a frame is the name of its event as well. */
  namesEvents: boolean
  /** How a stream says that it failed. */
  toErrorFrame: (error: TurnError, requestId: string) => object
  /** Sent in a silence of an answer that has begun; a comment if there is none. */
  keepAlive?: object
  toExchange: (request: Request, context: ExchangeContext) => Exchange
}
