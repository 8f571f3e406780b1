import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import OpenAI, {
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from 'openai'
import { messageStart, sseReply } from '../../../src/demo/message-stream.ts'
import { errorReply } from '../../../src/demo/model-api.ts'
import { chatClient } from '../../support/shapes/chat-events.ts'
import { startServer } from '../../support/servers/server.ts'
import { aborted, within } from '../../support/waiting.ts'

const GONE_MS = 10_000

const server = await startServer({ settings: { 'warm-workers': 1 } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())
const { client, checked } = chatClient(server)
afterEach(checked)

const { completions } = client.chat
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'hi' }]
const question = { model: 'sonnet', messages }

describe('failures are the errors of the SDK that a program can catch by type', () => {
  const failures: [string, number, string, abstract new (...args: never[]) => Error][] = [
    ['invalid_request_error', 400, 'BadRequestError', BadRequestError],
    ['authentication_error', 401, 'AuthenticationError', AuthenticationError],
    ['permission_error', 403, 'PermissionDeniedError', PermissionDeniedError],
    ['not_found_error', 404, 'NotFoundError', NotFoundError],
    ['rate_limit_error', 429, 'RateLimitError', RateLimitError],
    ['overloaded_error', 529, 'InternalServerError', InternalServerError],
  ]
  for (const [type, status, name, expected] of failures) {
    test(`${status} of the model API is a ${name}, plain and streaming`, async () => {
      server.api.answerWith(() => errorReply(status, type, 'the reason'))
      for (const stream of [false, true]) {
        const error = await completions.create({ ...question, stream }).catch((e: unknown) => e)
        expect(error).toBeInstanceOf(expected)
      }
    })
  }

  test('a conversation that is too long is a BadRequestError with its code', async () => {
    const content = 'x '.repeat(1_600_000)
    const long = { ...question, messages: [{ role: 'user' as const, content }] }
    const error = await completions.create(long).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({ code: 'context_length_exceeded', type: 'invalid_request_error' })
  })

  test('an unknown model is a NotFoundError that lists the known ones', async () => {
    const error = await completions
      .create({ ...question, model: 'gpt-4o' })
      .catch((e: unknown) => e)
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toMatchObject({ code: 'model_not_found', param: 'model' })
    expect(String(error)).toContain('sonnet')
    expect(server.api.requests).toEqual([])
  })

  test('a wrong parameter is a BadRequestError that names it', async () => {
    const wrong = { ...question, messages: JSON.parse('[{"role":"user","content":1}]') }
    const error = await completions.create(wrong).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({ param: 'messages[0].content' })
  })

  test('an answer that breaks off is an APIError in the middle of the stream', async () => {
    server.api.answerWith(() =>
      sseReply(
        (async function* () {
          yield messageStart()
        })(),
      ),
    )
    const stream = await completions.create({ ...question, stream: true })
    const error = await (async () => {
      for await (const chunk of stream) expect(chunk.choices[0]?.finish_reason).toBeNull()
    })().catch((e: unknown) => e)
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ code: 'upstream_error' })
  })

  test('no login is an AuthenticationError that says what to run', async () => {
    const anonymous = await startServer({ env: { ANTHROPIC_API_KEY: undefined } })
    try {
      for (const stream of [false, true]) {
        const error = await anonymous.client.chat.completions
          .create({ ...question, stream })
          .catch((e: unknown) => e)
        expect(error).toBeInstanceOf(AuthenticationError)
        expect(error).toMatchObject({ code: 'not_logged_in' })
        expect(String(error)).toContain('claude auth login')
      }
      expect(anonymous.api.requests).toEqual([])
      const ready = await fetch(`${anonymous.url}/ready`)
      expect(ready.status).toBe(503)
      expect(await ready.json()).toMatchObject({ reasons: [expect.stringMatching(/logged in/)] })
    } finally {
      await anonymous.stop()
    }
  })
})

describe('an abort', () => {
  for (const stream of [false, true]) {
    test(`${stream ? 'of a stream' : 'of a plain request'} ends the model's request`, async () => {
      const asked = Promise.withResolvers<AbortSignal>()
      const never = Promise.withResolvers<Response>()
      server.api.answerWith(({ signal }) => {
        asked.resolve(signal)
        return never.promise
      })
      const controller = new AbortController()
      const answer = completions
        .create({ ...question, stream }, { signal: controller.signal })
        .catch((e: unknown) => e)
      const signal = await within(asked.promise, GONE_MS, 'the request to the model')
      controller.abort()
      expect(await answer).toBeInstanceOf(APIUserAbortError)
      await within(aborted(signal), GONE_MS, "the end of the model's request")
      never.resolve(new Response())
    })
  }
})
