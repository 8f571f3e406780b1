import type { ErrorShape } from '../dialect/dialect.ts'
import type { ErrorKind, TurnError } from '../errors.ts'

type StatusAndCode = { status: number; type: string; code: string | null }

/**
 * The status and code of each kind of failure. Clients retry 408, 409, 429 and 5xx, so a failure
 * that a retry cannot solve has another 4xx.
 */
const BY_KIND: Record<ErrorKind, StatusAndCode> = {
  invalid_request: { status: 400, type: 'invalid_request_error', code: null },
  context_length_exceeded: {
    status: 400,
    type: 'invalid_request_error',
    code: 'context_length_exceeded',
  },
  extra_usage_required: {
    status: 400,
    type: 'invalid_request_error',
    code: 'extra_usage_required',
  },
  authentication: { status: 401, type: 'authentication_error', code: 'invalid_api_key' },
  not_logged_in: { status: 401, type: 'authentication_error', code: 'not_logged_in' },
  permission: { status: 403, type: 'permission_error', code: null },
  not_found: { status: 404, type: 'invalid_request_error', code: 'unknown_url' },
  model_not_found: { status: 404, type: 'invalid_request_error', code: 'model_not_found' },
  response_not_found: { status: 404, type: 'invalid_request_error', code: null },
  // OpenAI sends this code with 400, not 404.
  previous_response_not_found: {
    status: 400,
    type: 'invalid_request_error',
    code: 'previous_response_not_found',
  },
  method_not_allowed: { status: 405, type: 'invalid_request_error', code: 'method_not_supported' },
  request_too_large: { status: 413, type: 'invalid_request_error', code: 'request_too_large' },
  request_timeout: { status: 408, type: 'invalid_request_error', code: 'request_timeout' },
  unsupported_media_type: {
    status: 415,
    type: 'invalid_request_error',
    code: 'unsupported_media_type',
  },
  rate_limited: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  queue_full: { status: 429, type: 'rate_limit_error', code: 'queue_full' },
  cancelled: { status: 499, type: 'invalid_request_error', code: 'request_cancelled' },
  internal: { status: 500, type: 'server_error', code: 'internal_error' },
  upstream: { status: 502, type: 'server_error', code: 'upstream_error' },
  worker: { status: 502, type: 'server_error', code: 'worker_failed' },
  // An update takes it away for half a minute.
  cli_missing: { status: 503, type: 'server_error', code: 'cli_missing' },
  cli_too_old: { status: 400, type: 'invalid_request_error', code: 'cli_too_old' },
  cli_unfit: { status: 503, type: 'server_error', code: 'cli_unfit' },
  overloaded: { status: 503, type: 'server_error', code: 'overloaded' },
  shutting_down: { status: 503, type: 'server_error', code: 'shutting_down' },
  timeout: { status: 504, type: 'server_error', code: 'timeout' },
}

export type ErrorBody = {
  error: { message: string; type: string; param: string | null; code: string | null }
}

export function toErrorBody({ kind, message, param }: TurnError): ErrorBody {
  const { type, code } = BY_KIND[kind]
  return { error: { message, type, param: param ?? null, code } }
}

/** How OpenAI's APIs report errors. */
export const ERRORS: ErrorShape = {
  toStatus: ({ kind }) => BY_KIND[kind].status,
  toBody: toErrorBody,
}
