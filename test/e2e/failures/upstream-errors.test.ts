import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { messageStart, sseReply } from '../../../src/demo/message-stream.ts'
import { errorReply } from '../../../src/demo/model-api.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { framesOf } from '../../support/clients/sse.ts'
import { startServer, type TestServer } from '../../support/servers/server.ts'
import { within } from '../../support/waiting.ts'

const FRAME_MS = 10_000

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

type Case = {
  upstream: number
  upstreamType: string
  status: number
  type: string
  code: string | null
  /**
   * The most requests that the model API sees: the CLI drops beta features on 400, in newer
   * versions only, and streaming on 404.
   */
  posts: number
  /** Whether the model API's own words reach the client. */
  quoted?: boolean
  retryAfter?: boolean
}

const INVALID = 'invalid_request_error'
const cases: Case[] = [
  { upstream: 400, upstreamType: INVALID, status: 400, type: INVALID, code: null, posts: 3 },
  {
    ...{ upstream: 401, upstreamType: 'authentication_error', posts: 1 },
    ...{ status: 401, type: 'authentication_error', code: 'invalid_api_key' },
  },
  {
    ...{ upstream: 403, upstreamType: 'permission_error', posts: 1 },
    ...{ status: 403, type: 'permission_error', code: null },
  },
  {
    ...{ upstream: 404, upstreamType: 'not_found_error', posts: 2, quoted: false },
    ...{ status: 404, type: INVALID, code: 'model_not_found' },
  },
  {
    ...{ upstream: 413, upstreamType: 'request_too_large', posts: 1, quoted: false },
    ...{ status: 413, type: INVALID, code: 'request_too_large' },
  },
  {
    ...{ upstream: 429, upstreamType: 'rate_limit_error', posts: 1, retryAfter: true },
    ...{ status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  },
  {
    ...{ upstream: 500, upstreamType: 'api_error', posts: 1 },
    ...{ status: 502, type: 'server_error', code: 'upstream_error' },
  },
  {
    ...{ upstream: 529, upstreamType: 'overloaded_error', posts: 1, retryAfter: true },
    ...{ status: 503, type: 'server_error', code: 'overloaded' },
  },
]

function ask(stream: boolean, to: TestServer = server): Promise<Response> {
  const messages = [{ role: 'user', content: 'hi' }]
  return to.post('/v1/chat/completions', { model: 'sonnet', stream, messages })
}

for (const stream of [false, true]) {
  const manner = stream ? 'streaming' : 'plain'
  describe(`${manner}: an error of the model API`, () => {
    for (const { upstream, upstreamType, status, type, code, posts, ...more } of cases) {
      test(`${upstream} is a ${status} of type ${type}, after at most ${posts} request(s)`, async () => {
        const words = `because of ${crypto.randomUUID()}`
        server.api.answerWith(() => errorReply(upstream, upstreamType, words))
        const response = await ask(stream)
        expect(response.status).toBe(status)
        expect(response.headers.get('content-type')).toStartWith('application/json')
        const message = more.quoted === false ? expect.any(String) : expect.stringContaining(words)
        expect(await response.json()).toEqual({ error: { message, type, param: null, code } })
        expect(server.api.requests.length).toBeWithin(1, posts + 1)
        const retryAfter = response.headers.get('retry-after')
        if (more.retryAfter) expect(Number(retryAfter)).toBeGreaterThan(0)
        else expect(retryAfter).toBeNull()
      })
    }

    test('an answer that is not of this API is a 502', async () => {
      server.api.answerWith(
        () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      )
      const response = await ask(stream)
      expect(response.status).toBe(502)
      expect(await response.json()).toMatchObject({ error: { code: 'upstream_error' } })
      expect(server.api.requests.length).toBe(1)
    })
  })
}

test("a request billed as a third party's says so in each dialect, and is not rewritten", async () => {
  const words =
    'Third-party apps now draw from your extra usage, not your plan limits. Add more at claude.ai/settings/usage and keep going.'
  server.api.answerWith(() => errorReply(400, INVALID, words))
  const message = expect.stringMatching(/^Third-party apps.*The owner of the login can/)
  const chat = await ask(false)
  expect(await chat.json()).toMatchObject({ error: { message, code: 'extra_usage_required' } })
  const messages = [{ role: 'user', content: 'hi' }]
  const body = { model: 'sonnet', max_tokens: 9_000, messages }
  const anthropic = await server.post('/v1/messages', body)
  expect(await anthropic.json()).toMatchObject({
    error: { type: INVALID, message, details: { error_code: 'extra_usage_required' } },
  })
  expect([chat.status, anthropic.status]).toEqual([400, 400])
  // The CLI sends what was refused again, at most three times in all, and the same each time.
  const sent = server.api.requests.map((request) => JSON.stringify(conversationOf(request)))
  expect(new Set(sent).size).toBe(1)
})

describe('an answer that breaks off after its first word', () => {
  const endings: Record<string, { code: string; rest: () => AsyncGenerator<{ type: string }> }> = {
    'the end of the connection': { code: 'upstream_error', rest: async function* () {} },
    'an error event': {
      code: 'overloaded',
      rest: async function* () {
        const error = { type: 'overloaded_error', message: 'Overloaded' }
        yield { type: 'error', ...{ error } }
      },
    },
  }

  for (const [name, { code, rest }] of Object.entries(endings)) {
    test(`by ${name} is an error frame without [DONE], after one request`, async () => {
      const seen = breaksOff(rest)
      const response = await within(ask(true), FRAME_MS, 'the response')
      expect(response.status).toBe(200)
      const frames: string[] = []
      const reader = framesOf(response).getReader()
      for (;;) {
        const { value, done } = await within(reader.read(), FRAME_MS, 'the next frame')
        if (done) break
        frames.push(value)
        if (value.includes('hel')) seen.resolve()
      }
      expect(frames.filter((frame) => frame.includes('hel')).length).toBe(1)
      expect(JSON.parse(frames.at(-1) ?? '')).toMatchObject({ error: { code } })
      expect(server.api.requests.length).toBe(1)
    })

    test(`by ${name} is a plain request's error: never a short answer`, async () => {
      breaksOff(rest).resolve()
      const response = await ask(false)
      expect(response.status).toBeGreaterThanOrEqual(502)
      expect(await response.json()).toMatchObject({ error: { type: 'server_error', code } })
      expect(server.api.requests.length).toBe(1)
    })
  }
})

test('a model API that nobody listens for is a 502', async () => {
  // The port of a listener that was closed, so nobody listens there.
  const listener = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
  const url = `http://127.0.0.1:${listener.port}`
  await listener.stop(true)
  const lonely = await startServer({ env: { ANTHROPIC_BASE_URL: url } })
  try {
    for (const stream of [false, true]) {
      const response = await ask(stream, lonely)
      expect(response.status).toBe(502)
      expect(await response.json()).toMatchObject({ error: { code: 'upstream_error' } })
    }
  } finally {
    await lonely.stop()
  }
})

/** `hel`, then whatever `rest` does, once the client has seen it or cannot. */
function breaksOff(rest: () => AsyncGenerator<{ type: string }>) {
  const seen = Promise.withResolvers<void>()
  server.api.answerWith(() =>
    sseReply(
      (async function* () {
        yield messageStart()
        const content_block = { type: 'text', text: '' }
        yield { type: 'content_block_start', index: 0, content_block }
        const delta = { type: 'text_delta', text: 'hel' }
        yield { type: 'content_block_delta', index: 0, delta }
        await seen.promise
        yield* rest()
      })(),
    ),
  )
  return seen
}
