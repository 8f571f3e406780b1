import { describe, expect, test } from 'bun:test'
import { type FailureFacts, toFailure } from '../../../src/claude/answer/failure.ts'
import type { ErrorKind } from '../../../src/errors.ts'

const NOW_MS = 1_795_000_000_000

type Facts = Partial<Omit<FailureFacts, 'result'>> & { result?: Partial<FailureFacts['result']> }

/** A failed result as the CLI prints it: `subtype` says success. */
function failure({ result = {}, ...facts }: Facts) {
  return toFailure({
    ...{ category: undefined, rateLimit: undefined, nowMs: NOW_MS },
    ...facts,
    result: { type: 'result', subtype: 'success', is_error: true, ...result },
  })
}

describe('toFailure', () => {
  const statuses: [number, ErrorKind][] = [
    [400, 'invalid_request'],
    [401, 'authentication'],
    [403, 'permission'],
    [404, 'model_not_found'],
    [408, 'timeout'],
    [413, 'request_too_large'],
    [429, 'rate_limited'],
    [500, 'upstream'],
    [502, 'upstream'],
    [503, 'overloaded'],
    [529, 'overloaded'],
    [418, 'upstream'],
  ]
  for (const [api_error_status, kind] of statuses) {
    test(`status ${api_error_status} is ${kind}`, () => {
      const result = { api_error_status, result: `API Error: ${api_error_status} the reason` }
      expect(failure({ result })).toMatchObject({ kind, message: 'the reason' })
    })
  }

  const tooLong: Facts['result'][] = [
    { result: 'Prompt is too long', terminal_reason: 'blocking_limit' },
    { result: 'anything', terminal_reason: 'blocking_limit' },
    {
      result: 'API Error: 400 prompt is too long: 208310 tokens > 200000 maximum',
      api_error_status: 400,
    },
    { result: 'API Error: 413 Prompt is too long', api_error_status: 413 },
    {
      result: 'API Error: 400 input length and `max_tokens` exceed context limit: 1 + 2 > 2',
      api_error_status: 400,
    },
  ]
  for (const result of tooLong) {
    test(`${JSON.stringify(result)} is context_length_exceeded`, () => {
      expect(failure(result ? { result } : {}).kind).toBe('context_length_exceeded')
    })
  }

  test('words about length in an error of another kind do not make it that', () => {
    const result = { api_error_status: 429, result: 'your prompt is too long for now' }
    expect(failure({ result }).kind).toBe('rate_limited')
  })

  for (const words of [
    "Third-party apps now draw from your extra usage, not your plan limits. We've added a $20 credit.",
    'Third-party apps now draw from extra usage, not plan limits. Ask your workspace admin.',
  ]) {
    test(`'${words.slice(0, 45)}…' says what the owner can do`, () => {
      const error = failure({
        result: { api_error_status: 400, result: `API Error: 400 ${words}` },
      })
      expect(error).toMatchObject({ kind: 'extra_usage_required', retryAfterS: undefined })
      expect(error.message).toStartWith(words)
      expect(error.message).toContain('https://claude.ai/settings/usage')
    })
  }

  test('where no status came, the category of the message before it counts', () => {
    const kinds = { authentication_failed: 'not_logged_in', rate_limit: 'rate_limited' } as const
    for (const [category, kind] of Object.entries(kinds)) {
      expect(failure({ category, result: { result: 'x' } }).kind).toBe(kind)
    }
    expect(failure({ category: 'brand_new', result: { result: 'x' } }).kind).toBe('upstream')
  })

  test('no login says what to run', () => {
    const result = { result: 'Not logged in · Please run /login' }
    const { message } = failure({ category: 'authentication_failed', result })
    expect(message).toContain('claude auth login')
    expect(message).not.toContain('/login')
  })

  test('a request that timed out is a timeout', () => {
    expect(failure({ result: { result: 'API Error: Request timed out.' } }).kind).toBe('timeout')
  })

  test('a rate limit says when to come back: at its reset, or in a while', () => {
    const result = { api_error_status: 429, result: "You've hit your 5-hour limit" }
    const rateLimit = {
      ...{ status: 'rejected', window: 'five_hour', utilization: 1 },
      resetsAt: NOW_MS / 1000 + 90.2,
    }
    expect(failure({ result, rateLimit }).retryAfterS).toBe(91)
    expect(failure({ result, rateLimit: { ...rateLimit, resetsAt: 1 } }).retryAfterS).toBe(1)
    expect(failure({ result }).retryAfterS).toBeGreaterThan(0)
  })

  test('what sending again cannot mend says nothing of a retry', () => {
    expect(failure({ result: { api_error_status: 400, result: 'x' } }).retryAfterS).toBeUndefined()
  })

  test('an end without a word still has a message', () => {
    for (const result of ['', '  ', undefined]) {
      const { message } = failure({ result: { subtype: 'error_during_execution', result } })
      expect(message).toContain('error_during_execution')
    }
  })
})
