import { describe, expect, test } from 'bun:test'
import { ERRORS, toErrorBody } from '../../src/anthropic/error.ts'
import { type ErrorKind, TurnError } from '../../src/errors.ts'

const cases = {
  invalid_request: [400, 'invalid_request_error'],
  context_length_exceeded: [400, 'invalid_request_error'],
  extra_usage_required: [400, 'invalid_request_error'],
  cli_missing: [503, 'api_error'],
  cli_unfit: [503, 'api_error'],
  cli_too_old: [400, 'invalid_request_error'],
  authentication: [401, 'authentication_error'],
  not_logged_in: [401, 'authentication_error'],
  permission: [403, 'permission_error'],
  not_found: [404, 'not_found_error'],
  model_not_found: [404, 'not_found_error'],
  response_not_found: [404, 'not_found_error'],
  previous_response_not_found: [404, 'not_found_error'],
  method_not_allowed: [405, 'invalid_request_error'],
  request_too_large: [413, 'request_too_large'],
  request_timeout: [408, 'invalid_request_error'],
  unsupported_media_type: [415, 'invalid_request_error'],
  rate_limited: [429, 'rate_limit_error'],
  queue_full: [429, 'rate_limit_error'],
  cancelled: [499, 'invalid_request_error'],
  internal: [500, 'api_error'],
  upstream: [500, 'api_error'],
  worker: [500, 'api_error'],
  timeout: [504, 'timeout_error'],
  shutting_down: [503, 'api_error'],
  overloaded: [529, 'overloaded_error'],
} as const satisfies Record<ErrorKind, [status: number, type: string]>

const KINDS = Object.keys(cases).filter((kind): kind is ErrorKind => kind in cases)

describe('an error as the Messages API words it', () => {
  for (const kind of KINDS) {
    const [status, type] = cases[kind]
    test(`${kind} is a ${status} of type ${type}`, () => {
      const error = new TurnError(kind, 'because', { param: 'messages' })
      expect(ERRORS.toStatus(error)).toBe(status)
      expect(toErrorBody(error, 'req_1')).toEqual({
        ...{ type: 'error', request_id: 'req_1' },
        error: {
          ...{ type, message: 'because' },
          ...(kind === 'extra_usage_required' && { details: { error_code: kind } }),
        },
      })
    })
  }

  test('tells the SDK in its own words that there are no threads', () => {
    const error = new TurnError('invalid_request', 'no', { param: 'thread' })
    expect(toErrorBody(error, 'req_1').error).toMatchObject({
      details: { error_code: 'thread_unsupported_request' },
    })
  })
})
