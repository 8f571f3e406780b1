import { afterAll, beforeEach, expect, test } from 'bun:test'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { startServer } from '../../support/servers/server.ts'
import { until } from '../../support/waiting.ts'

const SOON_MS = 10_000
// The requests of one test must not affect what the server prepares for another.
const server = await startServer({ settings: { 'max-workers': 6, 'warm-workers': 1 } })
const other = await startServer({ settings: { 'max-workers': 6, 'warm-workers': 1 } })
const bare = await startServer({ settings: { 'max-workers': 6, 'warm-workers': 0 } })
afterAll(() => Promise.all([server.stop(), other.stop(), bare.stop()]))
beforeEach(() => {
  for (const { api } of [server, other, bare]) {
    api.forget()
    api.answerWith(() => messageReply([{ type: 'text', text: 'answer' }]))
  }
})

type Messages = Parameters<typeof server.client.chat.completions.create>[0]['messages']
const weather = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: { place: {} } } },
} as const

async function ask({ client, api }: typeof server, body: object): Promise<string> {
  const before = api.requests.length
  await client.chat.completions.create({ model: 'sonnet', messages: [], ...body })
  expect(api.requests.length).toBe(before + 1)
  const told = JSON.stringify({ ...api.requests.at(-1)?.body, metadata: undefined })
  return told.replaceAll(/,"cache_control":\{[^}]*\}/g, '')
}

const withTool = (said: string, system: string) => ({
  messages: [
    { role: 'system', content: system },
    { role: 'user', content: said },
  ],
  tools: [weather],
})

const prepared = (count: number, { pool } = server) =>
  until(() => pool.snapshot().prepared === count, SOON_MS, `${count} prepared`)

test('what conversations usually begin with is given to a worker ahead of the next', async () => {
  await ask(server, withTool('one', 'You know the weather.'))
  await ask(server, withTool('two', 'You know the weather.'))
  await prepared(1)
  // Another beginning does not touch it ...
  const unusual = withTool('three', 'You know nothing.')
  expect(await ask(server, unusual)).toBe(await ask(bare, unusual))
  expect(server.pool.snapshot().prepared).toBe(1)
  // ... and the prepared one takes it, because parameters are not prepared.
  const usual = {
    ...withTool('four', 'You know the weather.'),
    reasoning_effort: 'high',
    stop: ['x'],
  }
  const asked = ask(server, usual)
  await prepared(0)
  expect(await asked).toBe(await ask(bare, usual))
})

test('a client that changes the end of its history finds the rest in place', async () => {
  const messages: Messages = [{ role: 'system', content: 'You remember.' }]
  let taken = 0
  for (let turn = 0; turn < 5; turn++) {
    // As OpenClaw does: what was said last carries a mark that is gone from the next request.
    const last = { role: 'user', content: `(now) question ${turn}` } as const
    const body = { messages: [...messages, last] }
    if (turn > 2) await prepared(1, other)
    const before = other.pool.snapshot().prepared
    const asked = ask(other, body)
    if (before > 0) {
      await prepared(0, other)
      taken++
    }
    expect(await asked).toBe(await ask(bare, body))
    messages.push(
      { role: 'user', content: `question ${turn}` },
      { role: 'assistant', content: 'answer' },
    )
  }
  expect(taken).toBeGreaterThan(1)
})
