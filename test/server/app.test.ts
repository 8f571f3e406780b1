import { describe, expect, test } from 'bun:test'
import { getLogger } from '@logtape/logtape'
import { TurnError } from '../../src/errors.ts'
import { fakeApp, QUESTION } from '../support/fakes/fake-pool.ts'

async function errorOf(response: Response): Promise<{ message: string; type?: unknown }> {
  expect(response.headers.get('content-type')).toStartWith('application/json')
  const body: { error: { message: string } } = JSON.parse(await response.text())
  return body.error
}

describe('request ids', () => {
  test('every answer has one of its own, errors too', async () => {
    const { post, get } = fakeApp()
    const responses = [await post(QUESTION), await post('{'), await get('/nowhere')]
    const ids = responses.map(({ headers }) => headers.get('x-request-id') ?? 'none')
    for (const id of ids) expect(id).toMatch(/^req_[\da-f]{32}$/)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { headers } of responses) {
      expect(Number(headers.get('openai-processing-ms'))).toBeGreaterThanOrEqual(0)
    }
  })

  test("a client's own is kept if it is sane", async () => {
    const { post } = fakeApp()
    const idFor = async (id: string) =>
      (await post(QUESTION, { 'x-request-id': id })).headers.get('x-request-id')
    expect(await idFor('trace-1:2.3')).toBe('trace-1:2.3')
    for (const odd of ['a b', '<script>', 'x'.repeat(129), 'ä']) {
      expect(await idFor(odd)).toMatch(/^req_/)
    }
  })
})

test('answers and errors tell a browser to show, embed and keep nothing', async () => {
  const { post, get } = fakeApp()
  for (const { headers } of [await post(QUESTION), await post('{'), await get('/nowhere')]) {
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    )
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('strict-transport-security')).toBeNull()
  }
})

const HEADERS = { host: 'localhost', 'content-type': 'application/json' }

describe('what does not exist', () => {
  for (const [method, path] of [
    ['GET', '/v1/nothing'],
    ['POST', '/v1/chat'],
    ['DELETE', '/nowhere'],
  ] as const) {
    test(`${method} ${path} is a 404 that says what does`, async () => {
      const response = await fakeApp().app.request(path, { method, headers: HEADERS })
      expect(response.status).toBe(404)
      const { message, type } = await errorOf(response)
      expect(type).toBe('invalid_request_error')
      expect(message).toContain('POST /v1/chat/completions')
      expect(message).toContain('GET /v1/models')
    })
  }
})

describe('what exists for other methods', () => {
  for (const [method, path, allow] of [
    ['POST', '/v1/models', 'GET, HEAD'],
    ['DELETE', '/v1/models/anthropic/sonnet', 'GET, HEAD'],
    ['GET', '/v1/chat/completions', 'POST'],
    ['PUT', '/v1/completions', 'POST'],
    ['GET', '/v1/messages', 'POST'],
    ['DELETE', '/v1/messages/count_tokens', 'POST'],
    ['PATCH', '/v1/responses/resp_1', 'GET, HEAD, DELETE'],
    ['POST', '/health', 'GET, HEAD'],
    ['OPTIONS', '/v1/responses', 'POST'],
  ] as const) {
    test(`${method} ${path} is a 405 that names them`, async () => {
      const response = await fakeApp().app.request(path, { method, headers: HEADERS })
      expect(response.status).toBe(405)
      expect(response.headers.get('allow')).toBe(allow)
      expect(response.headers.get('x-request-id')).toMatch(/^req_/)
      const { message, type } = await errorOf(response)
      expect(type).toBe('invalid_request_error')
      expect(message).toContain(allow)
    })
  }

  test('only those with a key are told', async () => {
    const { app } = fakeApp({ apiKeys: ['secret-key'] })
    const response = await app.request('/v1/models', { method: 'POST', headers: HEADERS })
    expect([response.status, response.headers.get('allow')]).toEqual([401, null])
  })
})

describe('a body', () => {
  const bodies: [string, string, string | null][] = [
    ['that is no JSON', '{"model":', null],
    ['that is empty', '', null],
    ['that is no object', '[]', null],
    ['without messages', '{"model":"sonnet"}', 'messages'],
    ['with no message', '{"model":"sonnet","messages":[]}', 'messages'],
    ['without a model', '{"messages":[{"role":"user","content":"hi"}]}', 'model'],
    [
      'with an unknown role',
      '{"model":"sonnet","messages":[{"role":"alien","content":"hi"}]}',
      'messages[0].role',
    ],
    [
      'with a wrong type',
      '{"model":"sonnet","messages":[{"role":"user","content":{}}]}',
      'messages[0].content',
    ],
    [
      'with a stream that is no boolean',
      '{"model":"sonnet","stream":"yes","messages":[{"role":"user","content":"hi"}]}',
      'stream',
    ],
  ]
  for (const [name, body, param] of bodies) {
    test(`${name} is a 400 that names ${param ?? 'the reason'}`, async () => {
      const { post, pool } = fakeApp()
      const response = await post(body)
      expect(response.status).toBe(400)
      const error = await errorOf(response)
      expect(error).toMatchObject({ type: 'invalid_request_error', param })
      expect(error.message).toContain(param ?? 'body')
      expect(pool.runs).toEqual([])
    })
  }

  test('over the limit is a 413, whether it says its length or not', async () => {
    const { post, app, pool } = fakeApp({ bodyLimits: { maxBytes: 2 * 1024 * 1024 } })
    const body = JSON.stringify({ ...QUESTION, padding: 'x'.repeat(3 * 1024 * 1024) })
    const chunked = await app.request('/v1/chat/completions', {
      method: 'POST',
      headers: { host: 'localhost', 'content-type': 'application/json' },
      body: new Blob([body]).stream(),
      duplex: 'half',
    })
    const sized = await post(body, { 'content-length': String(body.length) })
    for (const response of [chunked, sized]) {
      expect(response.status).toBe(413)
      expect(await errorOf(response)).toMatchObject({
        type: 'invalid_request_error',
        message: expect.stringContaining('2 MiB'),
      })
    }
    expect(pool.runs).toEqual([])
  })

  test('within the limit is read', async () => {
    const { post } = fakeApp({ bodyLimits: { maxBytes: 2 * 1024 * 1024 } })
    expect((await post({ ...QUESTION, metadata: { x: 'x'.repeat(1024 * 1024) } })).status).toBe(200)
  })
})

describe('failures of the pool', () => {
  test('carry their status, and when to come back', async () => {
    const { post, pool } = fakeApp()
    pool.answerWith(() => {
      throw new TurnError('queue_full', 'All are busy.', { retryAfterS: 7 })
    })
    for (const stream of [false, true]) {
      const response = await post({ ...QUESTION, stream })
      expect(response.status).toBe(429)
      expect(response.headers.get('retry-after')).toBe('7')
      expect(await errorOf(response)).toMatchObject({
        code: 'queue_full',
        message: 'All are busy.',
      })
    }
  })

  test('that are faults of ours tell nothing of themselves', async () => {
    const { post, pool } = fakeApp({ log: getLogger('nobody listens') })
    pool.answerWith(() => Promise.reject(new Error('secret/path/of/mine')))
    const response = await post(QUESTION)
    expect(response.status).toBe(500)
    const error = await errorOf(response)
    expect(error).toMatchObject({ type: 'server_error', code: 'internal_error' })
    expect(JSON.stringify(error)).not.toContain('secret')
  })
})

describe('/health and /ready', () => {
  test('health is the process and nothing else', async () => {
    const { get } = fakeApp({ loggedIn: () => Promise.resolve(false) })
    expect((await get('/health')).status).toBe(200)
  })

  test('ready is ready, and names the CLI', async () => {
    const response = await fakeApp().get('/ready')
    expect(response.status).toBe(200)
    const cli = { version: '2.1.328', selfTest: 'passed', off: [] }
    expect(await response.json()).toMatchObject({ status: 'ready', cli })
  })

  test('not ready with a CLI that failed its self-test', async () => {
    const cli = { version: '2.1.999', selfTest: 'failed', off: [], problem: 'It is unfit.' }
    const response = await fakeApp({ cli: () => cli }).get('/ready')
    expect(response.status).toBe(503)
    const version = '2.1.999'
    expect(await response.json()).toMatchObject({ reasons: ['It is unfit.'], cli: { version } })
  })

  const future = Date.now() / 1000 + 600
  const limit = { window: 'five_hour', utilization: 1 }
  const states: [string, Parameters<ReturnType<typeof fakeApp>['pool']['stateIs']>[0], RegExp][] = [
    ['the CLI does not start', { bootFailures: 1 }, /start/],
    [
      'the limit is reached',
      { rateLimit: { ...limit, status: 'rejected', resetsAt: future } },
      /rate limit/,
    ],
  ]
  for (const [name, state, reason] of states) {
    test(`not ready when ${name}`, async () => {
      const { get, pool } = fakeApp()
      pool.stateIs(state)
      const response = await get('/ready')
      expect(response.status).toBe(503)
      expect(await response.json()).toMatchObject({ reasons: [expect.stringMatching(reason)] })
    })
  }

  test('not ready without a login', async () => {
    const { get } = fakeApp({ loggedIn: () => Promise.resolve(false) })
    const response = await get('/ready')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ reasons: [expect.stringMatching(/logged in/)] })
  })

  test('ready again when the limit is over, or only near', async () => {
    for (const rateLimit of [
      { ...limit, status: 'rejected', resetsAt: 1 },
      { ...limit, status: 'allowed_warning', resetsAt: future },
    ]) {
      const { get, pool } = fakeApp()
      pool.stateIs({ rateLimit })
      expect((await get('/ready')).status).toBe(200)
    }
  })
})

describe('/v1/models', () => {
  test('lists what there is, and each of it can be had by its name', async () => {
    const { get } = fakeApp()
    type List = { object: string; data: { id: string }[] }
    const { object, data }: List = JSON.parse(await (await get('/v1/models')).text())
    expect(object).toBe('list')
    for (const { id } of data) {
      expect(await (await get(`/v1/models/${id}`)).json()).toMatchObject({ id, object: 'model' })
    }
  })

  test('an id may have slashes, and an unknown one is a 404 that lists the others', async () => {
    const { get } = fakeApp()
    expect((await get('/v1/models/anthropic/sonnet')).status).toBe(200)
    const response = await get('/v1/models/gpt-4o')
    expect(response.status).toBe(404)
    expect(await errorOf(response)).toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining('sonnet'),
    })
  })
})
