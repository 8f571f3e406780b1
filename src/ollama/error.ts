import type { ErrorShape } from '../dialect/dialect.ts'
import type { ErrorKind, TurnError } from '../errors.ts'

/** Ollama's errors have no codes; clients tell them apart by the status. */
const STATUS: Record<ErrorKind, number> = {
  invalid_request: 400,
  context_length_exceeded: 400,
  extra_usage_required: 400,
  // A retry cannot solve it, and clients retry every 5xx.
  cli_too_old: 400,
  authentication: 401,
  not_logged_in: 401,
  permission: 403,
  not_found: 404,
  model_not_found: 404,
  response_not_found: 404,
  previous_response_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  request_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  queue_full: 429,
  cancelled: 499,
  internal: 500,
  upstream: 502,
  worker: 502,
  overloaded: 503,
  // An update takes it away for half a minute.
  cli_missing: 503,
  cli_unfit: 503,
  shutting_down: 503,
  timeout: 504,
}

/** The body of a failed request, and the line of a stream that failed. */
export function toErrorBody({ kind, message }: Pick<TurnError, 'kind' | 'message'>) {
  // Some clients look for these words.
  return { error: kind === 'model_not_found' ? `model not found: ${message}` : message }
}

/** How Ollama's API tells of a failure. */
export const ERRORS: ErrorShape = {
  toStatus: ({ kind }) => STATUS[kind],
  toBody: toErrorBody,
}
