/**
 * Every way a request can fail. A closed union, so that each dialect's table of status, type and
 * code is checked for completeness by the compiler.
 */
export type ErrorKind =
  | 'invalid_request'
  | 'context_length_exceeded'
  | 'extra_usage_required'
  | 'authentication'
  | 'not_logged_in'
  | 'permission'
  | 'not_found'
  | 'model_not_found'
  | 'response_not_found'
  | 'previous_response_not_found'
  | 'method_not_allowed'
  | 'request_too_large'
  | 'request_timeout'
  | 'unsupported_media_type'
  | 'rate_limited'
  | 'queue_full'
  | 'overloaded'
  | 'shutting_down'
  | 'upstream'
  | 'worker'
  | 'cli_missing'
  | 'cli_too_old'
  | 'timeout'
  | 'cancelled'
  | 'internal'

export type TurnErrorOptions = ErrorOptions & {
  /** The request parameter at fault, as a path: `messages[2].content`. */
  param?: string
  /** Seconds after which the same request may succeed. */
  retryAfterS?: number
}

const MAX_MESSAGE_CHARS = 4_000

/** Every failure a request can end in. Each API maps `kind` to its own status and body. */
export class TurnError extends Error {
  override readonly name = 'TurnError'
  readonly kind: ErrorKind
  readonly param: string | undefined
  readonly retryAfterS: number | undefined

  constructor(kind: ErrorKind, message: string, options: TurnErrorOptions = {}) {
    super(shorten(message), options)
    this.kind = kind
    this.param = options.param
    this.retryAfterS = options.retryAfterS
  }
}

/** A file or directory that is needed cannot be made, or is not ours alone. */
export class PlaceError extends TurnError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('worker', message, options)
  }
}

/** Many messages quote the request, which may be of any length. */
function shorten(message: string): string {
  return message.length > MAX_MESSAGE_CHARS ? `${message.slice(0, MAX_MESSAGE_CHARS)}…` : message
}

/** The failure of a turn that ends without a `stop` event: what came is not a whole answer. */
export function unfinishedTurn(): TurnError {
  return new TurnError('worker', 'The turn ended without saying how.')
}

/** Any thrown value as a TurnError: what is not one already is a fault of ours. */
export function toTurnError(error: unknown): TurnError {
  if (error instanceof TurnError) return error
  return new TurnError('internal', 'The proxy failed to handle the request.', { cause: error })
}
