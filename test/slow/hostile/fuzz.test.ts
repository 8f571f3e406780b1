import { afterAll, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { z } from 'zod'
import { startServer } from '../../support/servers/server.ts'

const ErrorBody = z.strictObject({
  error: z.strictObject({
    message: z.string().min(1),
    type: z.string().min(1),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
})
const Completion = z.object({ object: z.literal('chat.completion') })

const server = await startServer()
afterAll(() => server.stop())

const headers = { 'content-type': 'application/json' }
const post = (body: string | Uint8Array<ArrayBuffer>) =>
  server.post('/v1/chat/completions', undefined, { headers, body })

/** An answer, or an error that a client can read; and none that says the fault is ours. */
async function expectAnswer(response: Response): Promise<void> {
  const text = await response.text()
  if (response.status === 200) {
    if (!text.startsWith('data: ')) Completion.parse(JSON.parse(text))
    return
  }
  ErrorBody.parse(JSON.parse(text))
  expect(response.status).toBeLessThan(500)
  expect(response.headers.get('x-request-id')).toMatch(/^req_/)
}

async function expectAlive(): Promise<void> {
  expect((await fetch(`${server.url}/health`)).status).toBe(200)
}

const content = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.array(
    fc.oneof(
      fc.record({ type: fc.constant('text'), text: fc.string({ maxLength: 20 }) }),
      fc.record({ type: fc.constantFrom('text', 'image_url', 'x', null), text: fc.jsonValue() }),
    ),
    { maxLength: 3 },
  ),
  fc.jsonValue({ maxDepth: 2 }),
)
const message = fc.oneof(
  fc.record(
    {
      role: fc.constantFrom('user', 'assistant', 'system', 'developer', 'tool', 'function', 'x'),
      content,
      name: fc.jsonValue({ maxDepth: 1 }),
      tool_calls: fc.jsonValue({ maxDepth: 3 }),
      tool_call_id: fc.jsonValue({ maxDepth: 1 }),
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue({ maxDepth: 1 }),
)
const request = (model: fc.Arbitrary<unknown>) =>
  fc.record(
    {
      model,
      messages: fc.oneof(fc.array(message, { maxLength: 5 }), fc.jsonValue({ maxDepth: 2 })),
      stream: fc.jsonValue({ maxDepth: 1 }),
      stream_options: fc.jsonValue({ maxDepth: 2 }),
      temperature: fc.jsonValue({ maxDepth: 1 }),
      max_tokens: fc.jsonValue({ maxDepth: 1 }),
      stop: fc.jsonValue({ maxDepth: 2 }),
      tools: fc.jsonValue({ maxDepth: 4 }),
      tool_choice: fc.jsonValue({ maxDepth: 2 }),
      response_format: fc.jsonValue({ maxDepth: 3 }),
      n: fc.jsonValue({ maxDepth: 1 }),
      reasoning_effort: fc.jsonValue({ maxDepth: 1 }),
    },
    { requiredKeys: [] },
  )

/** A good request with one thing in it that may be anything. */
const nearlyValid = fc
  .tuple(
    request(fc.constant('sonnet')),
    fc.constantFrom('messages', 'stream', 'stream_options', 'temperature', 'max_tokens', 'stop'),
    fc.array(message, { maxLength: 2 }),
  )
  .map(([body, key, history]) => ({
    model: 'sonnet',
    messages: [...(key === 'messages' ? history : []), { role: 'user', content: 'hi' }],
    ...(key === 'messages' ? {} : { [key]: body[key] }),
  }))

/** Bodies that reach no worker, whatever else is in them: the model does not exist. */
test('any body with a model that does not exist is an error in the shape of OpenAI', async () => {
  const model = fc.oneof(fc.constantFrom('gpt-4o', '', '__proto__', 'constructor'), fc.jsonValue())
  await fc.assert(
    fc.asyncProperty(request(model), async (body) => {
      const response = await post(JSON.stringify(body))
      expect([400, 404]).toContain(response.status)
      await expectAnswer(response)
    }),
    { numRuns: 400 },
  )
  expect(server.api.requests).toEqual([])
  await expectAlive()
})

test('any bytes at all are an error in the shape of OpenAI', async () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => new Uint8Array(array))
  const cutOff = fc
    .tuple(request(fc.constant('sonnet')), fc.nat(200))
    .map(([body, length]) => JSON.stringify(body).slice(0, -1).slice(0, length))
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, cutOff, fc.json()), async (body) => {
      const response = await post(body)
      expect(response.status).toBe(400)
      await expectAnswer(response)
    }),
    { numRuns: 300 },
  )
  expect(server.api.requests).toEqual([])
  await expectAlive()
})

test('a body that may be valid is answered, or refused as the fault of the client', async () => {
  await fc.assert(
    fc.asyncProperty(nearlyValid, async (body) => {
      await expectAnswer(await post(JSON.stringify(body)))
    }),
    { numRuns: 150, interruptAfterTimeLimit: 5_000 },
  )
  await expectAlive()
})

test('any text in a valid conversation is answered', async () => {
  const texts = fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 50 }), {
    minLength: 1,
    maxLength: 4,
  })
  await fc.assert(
    fc.asyncProperty(texts, async (contents) => {
      const told = contents.map((text, index) => ({
        role: index % 2 === 0 ? 'user' : 'assistant',
        content: text,
      }))
      const messages = [...told, { role: 'user', content: 'and?' }]
      const response = await post(JSON.stringify({ model: 'sonnet', messages }))
      expect(response.status).toBe(200)
      await response.text()
    }),
    { numRuns: 10, interruptAfterTimeLimit: 5_000 },
  )
  await expectAlive()
})
