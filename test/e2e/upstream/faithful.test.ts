import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { errorReply } from '../../../src/demo/model-api.ts'
import { conversationOf, systemOf } from '../../support/servers/model-api.ts'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

type Turn = { role: 'user' | 'assistant'; content: string }

/** Alternating turns; the content tells the place, so that a mixed-up order shows. */
function history(length: number): Turn[] {
  return Array.from({ length }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: ` turn ${index} — ünïcödé 🦩 \n`,
  }))
}

const asBlocks = (turns: readonly Turn[]) =>
  turns.map(({ role, content }) => ({ role, content: [{ type: 'text', text: content }] }))

async function ask(messages: Turn[]): Promise<void> {
  await server.client.chat.completions.create({ model: 'sonnet', messages })
}

describe('the conversation that reaches the model API is the one the client sent', () => {
  for (const length of [1, 7, 201]) {
    test(`${length} messages keep roles, order and bytes`, async () => {
      await ask(history(length))
      expect(server.api.requests.map(conversationOf)).toEqual([asBlocks(history(length))])
    })
  }

  for (const text of [
    '@/etc/hostname',
    '/help',
    '/clear',
    '!ls',
    '#x',
    '--help',
    '\u0000 \u2028',
  ]) {
    test(`${JSON.stringify(text)} is text`, async () => {
      const turns = [...history(2), { role: 'user' as const, content: text }]
      await ask(turns)
      expect(server.api.requests.map(conversationOf)).toEqual([asBlocks(turns)])
    })
  }

  test('system and developer messages anywhere are joined in order', async () => {
    await server.client.chat.completions.create({
      model: 'sonnet',
      messages: [
        { role: 'system', content: 'one' },
        { role: 'user', content: 'hi' },
        { role: 'developer', content: [{ type: 'text', text: 'two' }] },
      ],
    })
    expect(server.api.requests.map(systemOf)).toEqual([['one\n\ntwo']])
  })

  test('1.2 million characters in one message arrive whole', async () => {
    const content = Array.from({ length: 100_000 }, (_, index) => `${index} 🦩é `.padEnd(12)).join(
      '',
    )
    expect(content.length).toBeGreaterThanOrEqual(1_200_000)
    await ask([{ role: 'user', content }])
    expect(server.api.requests.map(conversationOf)).toEqual([asBlocks([{ role: 'user', content }])])
  })

  test('consecutive user messages are one turn of several blocks, with no byte added', async () => {
    await ask(['one', ' two ', '\nthree'].map((content) => ({ role: 'user', content })))
    const content = ['one', ' two ', '\nthree'].map((text) => ({ type: 'text', text }))
    expect(server.api.requests.map(conversationOf)).toEqual([[{ role: 'user', content }]])
  })

  test('consecutive assistant messages, and one at the start, stay what they are', async () => {
    const turns: Turn[] = [
      { role: 'assistant', content: 'first' },
      { role: 'assistant', content: 'second ' },
      { role: 'user', content: 'third' },
    ]
    await ask(turns)
    expect(server.api.requests.map(conversationOf)).toEqual([asBlocks(turns)])
  })

  test('a name, a null content and text parts do not disturb the conversation', async () => {
    await server.client.chat.completions.create({
      model: 'sonnet',
      messages: [
        { role: 'user', name: 'ada', content: 'one' },
        { role: 'assistant', content: null },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'two' },
            { type: 'text', text: 'three' },
          ],
        },
      ],
    })
    const content = ['one', 'two', 'three'].map((text) => ({ type: 'text', text }))
    expect(server.api.requests.map(conversationOf)).toEqual([[{ role: 'user', content }]])
  })

  test('a blank message inside the history changes no other message', async () => {
    const told: Turn[] = [
      { role: 'user', content: 'one' },
      { role: 'assistant', content: ' \n' },
      { role: 'user', content: '  ' },
      { role: 'user', content: 'two' },
    ]
    await ask(told)
    const content = ['one', 'two'].map((text) => ({ type: 'text', text }))
    expect(server.api.requests.map(conversationOf)).toEqual([[{ role: 'user', content }]])
  })
})

describe('nothing is added', () => {
  test('no tool is offered', async () => {
    await ask([{ role: 'user', content: 'hi' }])
    expect(server.api.requests.map(({ body }) => body.tools ?? [])).toEqual([[]])
  })

  test('a bare "hi" is at most 1,900 bytes on the wire', async () => {
    await ask([{ role: 'user', content: 'hi' }])
    const [request] = server.api.requests
    expect(request).toBeDefined()
    expect(Buffer.byteLength(request?.text ?? '')).toBeLessThanOrEqual(1_900)
  })

  test('two workers send the same bytes for the same conversation, session id aside', async () => {
    // One worker would answer both if the first answer were complete before the second request.
    const both = Promise.withResolvers<void>()
    server.api.answerWith(async () => {
      if (server.api.requests.length === 2) both.resolve()
      await both.promise
      return messageReply([{ type: 'text', text: 'pong' }])
    })
    await Promise.all([ask(history(3)), ask(history(3))])
    const [first = '', second = ''] = server.api.requests.map(({ text }) => text)
    expect(sessionOf(first)).not.toBe(sessionOf(second))
    expect(first.replace(sessionOf(first), '')).toBe(second.replace(sessionOf(second), ''))
  })
})

describe('a conversation that cannot be answered is refused, never rewritten', () => {
  for (const content of ['', ' ', ' \n\t ']) {
    test(`a last message of ${JSON.stringify(content)} is the client's error`, async () => {
      const messages = [...history(2), { role: 'user', content }]
      const response = await server.post('/v1/chat/completions', { model: 'sonnet', messages })
      expect(await response.json()).toMatchObject({
        error: { type: 'invalid_request_error', param: expect.stringMatching(/^messages/) },
      })
      expect(response.status).toBe(400)
      expect(server.api.requests).toEqual([])
    })
  }

  // Measured on 2.1.328: about 2.9 million characters on the current models.
  const TOO_LONG = 'x '.repeat(1_600_000)
  const tooLong: Record<string, Turn[]> = {
    'one message': [{ role: 'user', content: TOO_LONG }],
    'its history': [
      { role: 'user', content: TOO_LONG },
      { role: 'assistant', content: 'yes' },
      { role: 'user', content: 'go on' },
    ],
  }
  for (const [where, messages] of Object.entries(tooLong)) {
    test(`over the CLI's own limit by ${where}: 400 at once, no request, no summary`, async () => {
      const ordinary = await timed(() => ask([{ role: 'user', content: 'hi' }]))
      server.api.forget()
      let response: Response | undefined
      const refused = await timed(async () => {
        response = await server.post('/v1/chat/completions', { model: 'sonnet', messages })
      })
      expect(response?.status).toBe(400)
      expect(await response?.json()).toMatchObject({ error: { code: 'context_length_exceeded' } })
      expect(server.api.requests).toEqual([])
      expect(refused / ordinary).toBeLessThan(10)
    })
  }

  test("the model API's own limit is the same error", async () => {
    const message = 'prompt is too long: 208310 tokens > 200000 maximum'
    server.api.answerWith(() => errorReply(400, 'invalid_request_error', message))
    const messages = history(1)
    const response = await server.post('/v1/chat/completions', { model: 'sonnet', messages })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'context_length_exceeded' } })
  })

  test('a long history within the limit is sent as it is, in one request', async () => {
    const turns = history(41).map((turn) => ({ ...turn, content: turn.content.repeat(2_200) }))
    expect(JSON.stringify(turns).length).toBeGreaterThan(2_000_000)
    await ask(turns)
    expect(server.api.requests.map(conversationOf)).toEqual([asBlocks(turns)])
  })
})

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

function sessionOf(text: string): string {
  const session = /session_id\\":\\"([\da-f-]{36})/.exec(text)?.[1]
  if (session === undefined) throw new Error('The request names no session.')
  return session
}
