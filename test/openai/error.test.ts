import { describe, expect, test } from 'bun:test'
import { type ErrorKind, toTurnError, TurnError } from '../../src/errors.ts'
import { ERRORS, toErrorBody } from '../../src/openai/error.ts'

/** The compiler asks for every kind, so a new one cannot be forgotten here. */
const STATUS = {
  invalid_request: 400,
  context_length_exceeded: 400,
  extra_usage_required: 400,
  authentication: 401,
  not_logged_in: 401,
  permission: 403,
  not_found: 404,
  model_not_found: 404,
  response_not_found: 404,
  previous_response_not_found: 400,
  method_not_allowed: 405,
  request_too_large: 413,
  request_timeout: 408,
  unsupported_media_type: 415,
  rate_limited: 429,
  queue_full: 429,
  cancelled: 499,
  internal: 500,
  upstream: 502,
  worker: 502,
  overloaded: 503,
  shutting_down: 503,
  timeout: 504,
  cli_missing: 503,
  cli_unfit: 503,
  cli_too_old: 400,
} satisfies Record<ErrorKind, number>

describe('an error in the shape of OpenAI', () => {
  for (const [name, status] of Object.entries(STATUS)) {
    test(`${name} is a ${status}`, () => {
      const kind = Object.keys(STATUS).find((one): one is ErrorKind => one === name) ?? 'internal'
      const error = new TurnError(kind, 'what happened', { param: 'messages' })
      expect(ERRORS.toStatus(error)).toBe(status)
      const body = toErrorBody(error)
      expect(Object.keys(body.error).toSorted()).toEqual(['code', 'message', 'param', 'type'])
      expect(body.error).toMatchObject({ message: 'what happened', param: 'messages' })
      // Clients decide by the type whose fault it is.
      expect(body.error.type === 'server_error').toBe(status >= 500)
    })
  }

  test('names no parameter where there is none', () => {
    expect(toErrorBody(new TurnError('upstream', 'x')).error.param).toBeNull()
  })

  test('what was never meant for a client does not reach it', () => {
    const error = toTurnError(new Error('/home/me/secret'))
    expect(ERRORS.toStatus(error)).toBe(500)
    expect(JSON.stringify(toErrorBody(error))).not.toContain('secret')
    expect(error.cause).toBeInstanceOf(Error)
  })
})
