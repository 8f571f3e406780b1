import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import Anthropic, {
  APIError,
  AuthenticationError,
  BadRequestError,
  ContentTooLargeError,
  InternalServerError,
  NotFoundError,
  OverloadedError,
  PermissionDeniedError,
  RateLimitError,
} from '@anthropic-ai/sdk'
import { messageStart, sseReply } from '../../../src/demo/message-stream.ts'
import { errorReply } from '../../../src/demo/model-api.ts'
import { anthropicClient } from '../../support/clients/anthropic.ts'
import { refusal } from '../../support/clients/chat.ts'
import { messageEvents } from '../../support/shapes/messages-events.ts'
import { startServer } from '../../support/servers/server.ts'

const KEY = 'sk-of-this-test'
const server = await startServer({ settings: { 'api-key': [KEY] } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())
const { client, checked } = anthropicClient(server, { apiKey: KEY })
afterEach(checked)

const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'hi' }]
const question = { model: 'sonnet', max_tokens: 100, messages }

const cases = [
  [400, 'invalid_request_error', 400, BadRequestError],
  [401, 'authentication_error', 401, AuthenticationError],
  [403, 'permission_error', 403, PermissionDeniedError],
  [404, 'not_found_error', 404, NotFoundError],
  [413, 'request_too_large', 413, ContentTooLargeError],
  [429, 'rate_limit_error', 429, RateLimitError],
  [500, 'api_error', 500, InternalServerError],
  [529, 'overloaded_error', 529, OverloadedError],
] as const

for (const stream of [false, true]) {
  describe(`an error of the model API, ${stream ? 'streaming' : 'plain'}`, () => {
    for (const [upstream, type, status, Class] of cases) {
      test(`${upstream} is the SDK's ${Class.name}`, async () => {
        server.api.answerWith(() => errorReply(upstream, type, 'because'))
        const error = await refusal(client.messages.create({ ...question, stream }))
        expect(error).toBeInstanceOf(Class)
        expect(error).toMatchObject({ status, type, requestID: expect.stringMatching(/^req_/) })
      })
    }
  })
}

describe('an error of our own', () => {
  test('a wrong key, as either header', async () => {
    const wrong = new Anthropic({ baseURL: server.url, apiKey: 'wrong', maxRetries: 0 })
    const bearer = new Anthropic({
      ...{ baseURL: server.url, apiKey: null, authToken: 'wrong', maxRetries: 0 },
    })
    for (const one of [wrong, bearer]) {
      expect(await refusal(one.messages.create(question))).toBeInstanceOf(AuthenticationError)
    }
  })

  test('the key as a bearer token is as good', async () => {
    const { client: bearer } = anthropicClient(server, { apiKey: null, authToken: KEY })
    expect(await bearer.messages.create(question)).toMatchObject({ stop_reason: 'end_turn' })
  })

  test('an unknown model says which there are', async () => {
    const error = await refusal(client.messages.create({ ...question, model: 'gpt-4' }))
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toMatchObject({ apiMessage: expect.stringContaining('sonnet') })
  })

  test('a bad request says where', async () => {
    const error = await refusal(
      client.messages.create({ ...question, messages: [{ role: 'assistant', content: 'x' }] }),
    )
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({
      type: 'invalid_request_error',
      apiMessage: expect.stringContaining("'messages'"),
    })
  })

  test('an endpoint that does not exist', async () => {
    const error = await refusal(client.messages.batches.list())
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toMatchObject({ type: 'not_found_error' })
  })

  test('a body that is no JSON', async () => {
    const headers = { 'content-type': 'application/json', 'x-api-key': KEY }
    const response = await server.post('/v1/messages', '{', { headers })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      ...{ type: 'error', request_id: response.headers.get('request-id') },
      error: { type: 'invalid_request_error' },
    })
  })
})

const breaksOff = () =>
  server.api.answerWith(() =>
    sseReply(
      (async function* () {
        yield messageStart()
        const content_block = { type: 'text', text: '' }
        yield { type: 'content_block_start', index: 0, content_block }
        const delta = { type: 'text_delta', text: 'hel' }
        yield { type: 'content_block_delta', index: 0, delta }
        yield { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
      })(),
    ),
  )

describe('an answer that breaks off after its first word', () => {
  test('is an error event that the SDK throws, after the word', async () => {
    breaksOff()
    const words: string[] = []
    const stream = client.messages.stream(question).on('text', (word) => words.push(word))
    const error = await refusal(stream.finalMessage())
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ type: 'overloaded_error' })
    expect(words).toEqual(['hel'])
  })

  test('has no message_stop', async () => {
    breaksOff()
    const headers = { 'content-type': 'application/json', 'x-api-key': KEY }
    const response = await server.post('/v1/messages', { ...question, stream: true }, { headers })
    const events = await Array.fromAsync(messageEvents(response))
    expect(events.at(-1)).toMatchObject({
      ...{ type: 'error', request_id: response.headers.get('request-id') },
      error: { type: 'overloaded_error' },
    })
    expect(events.map(({ type }) => type)).not.toContain('message_stop')
  })

  test('is an error of a plain request', async () => {
    breaksOff()
    const error = await refusal(client.messages.create(question))
    expect(error).toMatchObject({ status: 529, type: 'overloaded_error' })
  })
})
