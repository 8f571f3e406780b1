import type { ErrorShape } from '../dialect/dialect.ts'
import type { ErrorKind, TurnError } from '../errors.ts'

type StatusAndType = { status: number; type: string }

const INVALID: StatusAndType = { status: 400, type: 'invalid_request_error' }
const NOT_FOUND: StatusAndType = { status: 404, type: 'not_found_error' }
const UNAUTHENTICATED: StatusAndType = { status: 401, type: 'authentication_error' }
const LIMITED: StatusAndType = { status: 429, type: 'rate_limit_error' }
const FAILED: StatusAndType = { status: 500, type: 'api_error' }

/** The status and type of each kind of failure. */
const BY_KIND: Record<ErrorKind, StatusAndType> = {
  invalid_request: INVALID,
  context_length_exceeded: INVALID,
  extra_usage_required: INVALID,
  // A retry does not solve it, and clients retry every 5xx.
  cli_too_old: INVALID,
  authentication: UNAUTHENTICATED,
  not_logged_in: UNAUTHENTICATED,
  permission: { status: 403, type: 'permission_error' },
  not_found: NOT_FOUND,
  model_not_found: NOT_FOUND,
  response_not_found: NOT_FOUND,
  previous_response_not_found: NOT_FOUND,
  method_not_allowed: { status: 405, type: 'invalid_request_error' },
  request_too_large: { status: 413, type: 'request_too_large' },
  request_timeout: { status: 408, type: 'invalid_request_error' },
  unsupported_media_type: { status: 415, type: 'invalid_request_error' },
  rate_limited: LIMITED,
  queue_full: LIMITED,
  cancelled: { status: 499, type: 'invalid_request_error' },
  internal: FAILED,
  upstream: FAILED,
  worker: FAILED,
  overloaded: { status: 529, type: 'overloaded_error' },
  // An update takes it away for half a minute.
  cli_missing: { status: 503, type: 'api_error' },
  cli_unfit: { status: 503, type: 'api_error' },
  shutting_down: { status: 503, type: 'api_error' },
  timeout: { status: 504, type: 'timeout_error' },
}

export type ErrorBody = {
  type: 'error'
  error: { type: string; message: string; details?: { error_code: string } }
  request_id: string
}

/** This code makes the official SDK send the whole conversation instead. */
const NO_THREADS = { error_code: 'thread_unsupported_request' }

/** More specific codes, because the type of these errors says too little. */
const DETAIL_CODE: Partial<Record<ErrorKind, { error_code: string }>> = {
  extra_usage_required: { error_code: 'extra_usage_required' },
}

/** The body of a failed request, and the data of an `error` event. */
export function toErrorBody({ kind, message, param }: TurnError, requestId: string): ErrorBody {
  const code = DETAIL_CODE[kind]
  const details = (param === 'thread' && { details: NO_THREADS }) || (code && { details: code })
  const error = { type: BY_KIND[kind].type, message, ...details }
  return { type: 'error', error, request_id: requestId }
}

/** How the Messages API reports errors. */
export const ERRORS: ErrorShape = {
  toStatus: ({ kind }) => BY_KIND[kind].status,
  toBody: toErrorBody,
}
