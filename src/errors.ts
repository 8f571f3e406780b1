/**
 * Every way in which a request can fail. The union is closed, so that the compiler checks each
 * API's table of status, type and code for completeness.
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
  | 'cli_unfit'
  | 'timeout'
  | 'cancelled'
  | 'internal'

export type TurnErrorOptions = ErrorOptions & {
  /** The path of the wrong parameter: `messages[2].content`. */
  param?: string
  /** After how many seconds the same request may succeed. */
  retryAfterS?: number
}

const MAX_MESSAGE_CHARS = 4_000

/** The error of a failed request. Each API maps `kind` to its own status and body. */
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

/** A file or directory cannot be made, or other users have access to it. */
export class FileAccessError extends TurnError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('worker', message, options)
  }
}

/** Many messages quote the request, which may be long. */
function shorten(message: string): string {
  return message.length > MAX_MESSAGE_CHARS ? `${message.slice(0, MAX_MESSAGE_CHARS)}…` : message
}

/**
 * The error for a turn without a `stop` event, so that a part of an answer does not look complete.
 */
export function unfinishedTurn(): TurnError {
  return new TurnError(
    'worker',
    'The answer ended without a stop reason, so it may be incomplete. Send the request again.',
  )
}

/** Nobody waits for the answer any more. */
export function clientGone(): TurnError {
  return new TurnError('cancelled', 'The client went away.')
}

export function shuttingDown(): TurnError {
  return new TurnError(
    'shutting_down',
    'The server is shutting down. Send the request again when it is back.',
    { retryAfterS: 1 },
  )
}

/** Any thrown value as a TurnError. Unknown values are internal errors. */
export function toTurnError(error: unknown): TurnError {
  if (error instanceof TurnError) return error
  return new TurnError(
    'internal',
    'claude-max-api failed to handle the request. Its log has the cause.',
    { cause: error },
  )
}
