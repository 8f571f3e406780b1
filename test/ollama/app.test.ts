import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { fakeApp, QUESTION, scriptedTurn, START, STOP, text } from '../support/fakes/fake-pool.ts'

const Tags = z.object({ models: z.array(z.object({ name: z.string(), digest: z.string() })) })
const HEADERS = { host: 'localhost:3456', 'content-type': 'application/json' }
type Fake = ReturnType<typeof fakeApp>

const send = ({ app }: Pick<Fake, 'app'>, path: string, body?: unknown, method = 'POST') =>
  app.request(path, {
    ...{ method, headers: HEADERS },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })

describe("what is wrong is said in Ollama's shape", () => {
  const { messages } = QUESTION
  const CASES: [what: string, body: object, status: number, error: string][] = [
    ['the schema first', { messages: 1, logprobs: true, model: 'x' }, 400, "'messages' is invalid"],
    ['then a parameter', { messages, logprobs: true, model: 'x' }, 400, "'logprobs' is not"],
    ['then the model', { messages, model: 'x' }, 404, "model not found: The model 'x'"],
    ['a template', { messages, options: { stop: 1 } }, 400, "'options.stop' is invalid"],
  ]
  for (const [what, body, status, error] of CASES) {
    test(what, async () => {
      const fake = fakeApp()
      const response = await send(fake, '/api/chat', { model: 'sonnet', ...body })
      expect(response.status).toBe(status)
      expect(await response.json()).toEqual({ error: expect.stringContaining(error) })
      expect(fake.pool.runs).toEqual([])
    })
  }

  const REFUSED: [method: string, path: string, status: number][] = [
    ...['pull', 'push', 'create', 'copy', 'embed', 'embeddings', 'blobs/sha256:0'].map(
      (name): [string, string, number] => ['POST', `/api/${name}`, 400],
    ),
    ['DELETE', '/api/delete', 400],
    ['HEAD', '/api/blobs/sha256:0', 400],
    ['GET', '/api/nowhere', 404],
    ['GET', '/api', 404],
    ['GET', '/api/chat', 405],
  ]
  for (const [method, path, status] of REFUSED) {
    test(`${method} ${path}`, async () => {
      const response = await send(fakeApp(), path, undefined, method)
      expect(response.status).toBe(status)
      if (method === 'HEAD') return
      expect(await response.json()).toEqual({
        error: expect.stringContaining(path.replace(/sha256:0$/, '')),
      })
    })
  }

  test('a path that does not exist is told what does', async () => {
    const response = await send(fakeApp(), '/api/nowhere', undefined, 'GET')
    expect(await response.text()).toContain('GET /api/tags')
  })

  test('a missing key, a foreign page and a form', async () => {
    const keyed = fakeApp({ apiKeys: ['secret'] })
    expect((await send(keyed, '/api/tags', undefined, 'GET')).status).toBe(401)
    const { app } = fakeApp()
    const foreign = await app.request('/api/tags', {
      headers: { ...HEADERS, origin: 'http://x.y' },
    })
    expect(foreign.status).toBe(403)
    const form = await app.request('/api/chat', {
      ...{ method: 'POST', body: '{}' },
      headers: { ...HEADERS, 'content-type': 'text/plain' },
    })
    expect(form.status).toBe(415)
    expect(await form.json()).toEqual({ error: expect.any(String) })
  })
})

const linesOf = async (response: Response) =>
  (await response.text())
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line))

const catalog = async () => ({
  models: [{ alias: 'sonnet', id: 'claude-sonnet-5-5' }],
  aliases: { 'llama3:8b': 'sonnet', 'llama3:latest': 'sonnet' },
})

describe('what is left out of a request is named', () => {
  const OPTIONS = { seed: 1, num_ctx: 4096, num_gpu: 1, top_k: 0, temperature: 0.5, unknown: 1 }
  const IGNORED = 'options.temperature, options.seed, options.num_ctx, options.unknown'

  test('in the headers, but for what asks for nothing', async () => {
    const body = { ...QUESTION, options: OPTIONS, keep_alive: '5m', stream: false }
    const response = await send(fakeApp(), '/api/chat', body)
    expect(response.headers.get('x-claude-max-api-ignored')).toBe(IGNORED)
  })

  test('in an error where nothing is to be left out', async () => {
    const policy = { strict: true, sampling: 'ignore', reasoning: 'off' } as const
    const body = { ...QUESTION, options: { seed: 1 }, stream: false }
    const response = await send(fakeApp({ policy }), '/api/chat', body)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ error: expect.stringContaining("'options.seed'") })
  })

  for (const [name, value] of Object.entries({ raw: true, template: 'x', context: [1] })) {
    test(`${name} is refused`, async () => {
      const body = { model: 'sonnet', prompt: 'hi', [name]: value }
      const response = await send(fakeApp(), '/api/generate', body)
      expect(response.status).toBe(400)
      expect(await response.json()).toEqual({ error: expect.stringContaining(`'${name}'`) })
    })
  }
})

describe('an answer', () => {
  test('is streamed as lines of JSON unless it is not to be', async () => {
    const response = await send(fakeApp(), '/api/chat', QUESTION)
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    expect(response.headers.get('x-claude-max-api-worker')).toBe('warm')
    expect(await linesOf(response)).toMatchObject([
      { message: { role: 'assistant', content: 'pong' }, done: false },
      { message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop' },
    ])
    const whole = await send(fakeApp(), '/api/chat', { ...QUESTION, stream: false })
    expect(whole.headers.get('content-type')).toStartWith('application/json')
    expect(await whole.json()).toMatchObject({ message: { content: 'pong' }, done: true })
  })

  test('of generate is a response', async () => {
    const response = await send(fakeApp(), '/api/generate', {
      model: 'sonnet:latest',
      prompt: 'hi',
    })
    expect(await linesOf(response)).toMatchObject([
      { response: 'pong', done: false },
      { response: '', done: true },
    ])
  })

  test('that breaks off ends with an error', async () => {
    const fake = fakeApp()
    const turn = scriptedTurn()
    fake.pool.answerWith(async () => ({ events: turn.events, worker: 'warm', ignored: [] }))
    turn.say(START, text('po'), { type: 'error', error: new Error('no') }, STOP)
    turn.close()
    const lines = await linesOf(await send(fake, '/api/chat', QUESTION))
    expect(lines.at(-1)).toEqual({ error: expect.any(String) })
  })

  test('to a request that asks nothing says that the model is there, and asks no worker', async () => {
    const fake = fakeApp()
    const idle = { model: 'sonnet', message: { role: 'assistant', content: '' }, done: true }
    expect(await (await send(fake, '/api/chat', { model: 'sonnet' })).json()).toMatchObject({
      ...{ ...idle, done_reason: 'load' },
    })
    const unload = { model: 'sonnet', messages: [], keep_alive: 0 }
    expect(await (await send(fake, '/api/chat', unload)).json()).toMatchObject({
      ...{ ...idle, done_reason: 'unload' },
    })
    expect(await (await send(fake, '/api/generate', { model: 'haiku' })).json()).toMatchObject({
      ...{ model: 'haiku', response: '', done: true, done_reason: 'load' },
    })
    expect((await send(fake, '/api/chat', { model: 'x' })).status).toBe(404)
    expect(fake.pool.runs).toEqual([])
  })
})

describe('models', () => {
  test('are listed by the names they can be asked for, the same model by the same digest', async () => {
    const response = await send(fakeApp({ catalog }), '/api/tags', undefined, 'GET')
    const { models } = Tags.parse(await response.json())
    expect(models.map(({ name }) => name)).toEqual([
      ...['llama3:8b', 'llama3:latest', 'sonnet:latest', 'claude-sonnet-5-5:latest'],
      ...['claude-opus-4:latest', 'claude-sonnet-4:latest', 'claude-haiku-4:latest'],
    ])
    const [first, second, third, fourth, other] = models.map(({ digest }) => digest)
    expect(new Set([first, second, third, fourth]).size).toBe(1)
    expect(other).toMatch(/^[0-9a-f]{64}$/)
    expect(other).not.toBe(first)
    for (const { name } of models) {
      expect((await send(fakeApp({ catalog }), '/api/chat', { model: name })).status).toBe(200)
    }
  })

  test('show what they can, under either name of the field', async () => {
    for (const field of ['model', 'name']) {
      const response = await send(fakeApp({ catalog }), '/api/show', { [field]: 'sonnet:latest' })
      expect(await response.json()).toMatchObject({
        model_info: { 'general.architecture': 'claude', 'claude.context_length': 200_000 },
        capabilities: expect.arrayContaining(['tools', 'vision', 'thinking']),
        details: { family: 'claude' },
      })
    }
    expect((await send(fakeApp(), '/api/show', { model: 'x' })).status).toBe(404)
    expect((await send(fakeApp(), '/api/show', {})).status).toBe(404)
  })

  test('are never loaded; the version is one that clients accept', async () => {
    const ps = await send(fakeApp(), '/api/ps', undefined, 'GET')
    expect(await ps.json()).toEqual({ models: [] })
    const version = await send(fakeApp(), '/api/version', undefined, 'GET')
    expect(await version.json()).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    })
  })
})
