import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import {
  answersTo,
  ask,
  type Body,
  call,
  callsOnce,
  refusal,
  say,
  tool,
} from '../../support/clients/chat.ts'
import { startServer } from '../../support/servers/server.ts'

const folder = mkdtempSync(join(tmpdir(), 'strangers-'))
const server = await startServer({
  settings: {
    ...{ 'api-key': ['key-a', 'key-b'], 'data-dir': folder },
    ...{ 'max-workers': 6, 'warm-workers': 1 },
  },
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => server.api.forget())

/** One of the two clients, and the CLI sessions that have answered it. */
function clientOf(apiKey: string) {
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 })
  const sessions = new Set<string>()
  const noting = async <T>(answer: Promise<T>): Promise<T> => {
    const before = server.api.requests.length
    const value = await answer
    for (const request of server.api.requests.slice(before)) sessions.add(sessionOf(request))
    return value
  }
  return { client, sessions, noting, ask: (body: Body) => noting(ask({ client }, body)) }
}

function sessionOf({ body }: (typeof server.api.requests)[number]): string {
  const { user_id } = Object(body['metadata'])
  return JSON.parse(String(user_id)).session_id
}

const a = clientOf('key-a')
const b = clientOf('key-b')
/** No process may have served both clients, whatever the tests did. */
const shared = () => [...a.sessions].filter((session) => b.sessions.has(session))

const about = (said: string): Body => ({
  messages: [
    { role: 'system', content: 'You know the plans of A.' },
    { role: 'user', content: said },
  ],
})

describe('a worker that one key has used', () => {
  test('is taken back for that key alone, though conversations begin alike', async () => {
    server.api.answerWith(() => say('yes'))
    const workers = []
    for (const who of [a, b, a, b]) workers.push((await who.ask(about('plans'))).worker)
    expect(workers.slice(2)).toEqual(['rewound', 'rewound'])
    expect(shared()).toEqual([])
  })
})

describe('a stored response of one key', () => {
  test('does not exist for another', async () => {
    const first = await a.client.responses.create({ model: 'sonnet', input: 'my secret' })
    const item = { type: 'item_reference', id: first.output[0]?.id ?? '' } as const
    server.api.forget()
    const { responses } = b.client
    for (const [attempt, status] of [
      [responses.retrieve(first.id), 404],
      [responses.inputItems.list(first.id), 404],
      [responses.delete(first.id), 404],
      [responses.create({ model: 'sonnet', input: 'hi', previous_response_id: first.id }), 400],
      [responses.create({ model: 'sonnet', input: [item] }), 404],
    ] as const) {
      const error = await refusal(attempt)
      expect(error).toMatchObject({ status })
      expect(JSON.stringify(error)).not.toContain('secret')
    }
    expect(server.api.requests).toEqual([])
    const next = { model: 'sonnet', input: 'go on', previous_response_id: first.id }
    expect(await a.client.responses.create(next)).toMatchObject({ output_text: 'pong' })
    expect(await a.client.responses.retrieve(first.id)).toMatchObject({ id: first.id })
  })
})

describe('a worker of one key', () => {
  test('goes on for no other, though the conversation is the same', async () => {
    const go = { role: 'user', content: 'go' } as const
    const on = { role: 'user', content: 'go on' } as const
    const { message } = await a.ask({ messages: [go] })
    const longer = { messages: [go, message, on] }
    expect((await b.ask(longer)).worker).toMatch(/^(warm|cold|rewound)$/)
    expect((await a.ask(longer)).worker).toBe('resumed')
    expect(shared()).toEqual([])
  })

  test('takes no other’s tool results', async () => {
    server.api.answerWith(callsOnce(call('toolu_a')))
    const tools = [tool()]
    const question = { role: 'user', content: 'look' } as const
    const { message } = await a.ask({ tools, messages: [question] })
    const results = { tools, messages: [question, message, ...answersTo(message)] }
    expect((await b.ask(results)).worker).toMatch(/^(warm|cold|rewound)$/)
    expect((await a.ask(results)).worker).toBe('unparked')
    expect(shared()).toEqual([])
  })
})
