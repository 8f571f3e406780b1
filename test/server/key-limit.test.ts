import { describe, expect, test } from 'bun:test'
import { fakeApp, QUESTION, scriptedTurn, START, STOP, text } from '../support/fakes/fake-pool.ts'
import { within } from '../support/waiting.ts'

const SEEN_MS = 5_000
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const A = bearer('key-a')
const B = bearer('key-b')

/** A server with two keys and a limit of one; each of its turns is the test's to write. */
function limited(keyLimit = 1) {
  const { app, post, get, pool } = fakeApp({ apiKeys: ['key-a', 'key-b'], keyLimit })
  const turns: ReturnType<typeof scriptedTurn>[] = []
  pool.answerWith(async () => {
    const turn = scriptedTurn()
    turns.push(turn)
    return { events: turn.events, worker: 'warm', ignored: [] }
  })
  const ask = (headers: Record<string, string>, stream = false, init: RequestInit = {}) =>
    post({ ...QUESTION, stream }, headers, init)
  const askFor = (path: string, body: object) =>
    app.request(path, {
      method: 'POST',
      headers: { host: 'localhost:3456', 'content-type': 'application/json', ...A },
      body: JSON.stringify({ model: 'sonnet', ...body }),
    })
  const finish = (index: number) => {
    turns[index]?.say(START, text('pong'), STOP)
    turns[index]?.close()
  }
  /** Whether the key may send a request; if so, that turn ends, too. */
  const mayAsk = async (headers: Record<string, string>) => {
    const before = turns.length
    const answer = ask(headers)
    for (let turn = 0; turn < 20 && turns.length === before; turn++) await nextTurn()
    finish(before)
    return (await answer).status === 200
  }
  return { app, ask, askFor, get, turns, finish, mayAsk }
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('a key at its limit', () => {
  test('is refused with a 429 that says when to come back, and other keys are not', async () => {
    const { ask, finish, mayAsk } = limited()
    const running = ask(A)
    await nextTurn()
    const refused = await ask(A)
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('2')
    expect(await refused.json()).toMatchObject({
      error: { code: 'queue_full', message: expect.stringContaining('1 conversations running') },
    })
    expect(await mayAsk(B)).toBe(true)
    finish(0)
    expect((await running).status).toBe(200)
    expect(await mayAsk(A)).toBe(true)
  })

  test('is the same key as x-api-key', async () => {
    const { ask, finish } = limited()
    const running = ask(A)
    await nextTurn()
    expect((await ask({ 'x-api-key': 'key-a' })).status).toBe(429)
    finish(0)
    await running
  })

  test('is counted to the end of a stream, not to its first word', async () => {
    const { ask, turns, finish, mayAsk } = limited()
    const running = ask(A, true)
    await nextTurn()
    turns[0]?.say(START)
    const response = await running
    expect(await mayAsk(A)).toBe(false)
    finish(0)
    expect(await response.text()).toContain('[DONE]')
    expect(await mayAsk(A)).toBe(true)
  })

  test('is let go when the reader of its stream leaves, and the turn is cancelled', async () => {
    const { ask, turns, mayAsk } = limited()
    const running = ask(A, true)
    await nextTurn()
    turns[0]?.say(START)
    const response = await running
    await response.body?.cancel()
    await within(turns[0]?.cancelled ?? Promise.resolve(), SEEN_MS, 'the cancelled turn')
    await nextTurn()
    expect(await mayAsk(A)).toBe(true)
  })

  test('is let go when its stream breaks', async () => {
    const { ask, turns, mayAsk } = limited()
    const running = ask(A, true)
    await nextTurn()
    turns[0]?.say(START)
    const response = await running
    // A stream without a stop event is what a lost worker leaves.
    turns[0]?.close()
    expect(await response.text()).toContain('error')
    await nextTurn()
    expect(await mayAsk(A)).toBe(true)
  })

  test('is let go after a request that was refused', async () => {
    const { ask, mayAsk } = limited()
    const refused = await ask(A, false, { body: '{' })
    expect(refused.status).toBe(400)
    expect(await mayAsk(A)).toBe(true)
  })
})

describe('what counts', () => {
  test('is every turn: Messages and Responses as well', async () => {
    for (const [path, body] of [
      ['/v1/messages', { max_tokens: 9, messages: QUESTION.messages }],
      ['/v1/responses', { input: 'hi', store: false }],
      ['/v1/completions', { prompt: 'hi' }],
    ] as const) {
      const { ask, askFor, finish, mayAsk } = limited()
      const running = askFor(path, body)
      await nextTurn()
      expect((await ask(A)).status).toBe(429)
      finish(0)
      expect((await running).status).toBe(200)
      expect(await mayAsk(A)).toBe(true)
    }
  })

  test('is each answer of a request: all of them begin, or none', async () => {
    const { ask, askFor, turns, finish } = limited(5)
    const many = askFor('/v1/completions', { prompt: ['a', 'b'], n: 2 })
    await nextTurn()
    expect(turns.length).toBe(4)
    expect((await askFor('/v1/chat/completions', { ...QUESTION, n: 2 })).status).toBe(429)
    expect(turns.length).toBe(4)
    const fifth = ask(A)
    await nextTurn()
    expect((await ask(A)).status).toBe(429)
    for (const index of turns.keys()) finish(index)
    expect([(await many).status, (await fifth).status]).toEqual([200, 200])
  })

  test('more at once than a key may ever have is refused for good', async () => {
    const { askFor, turns } = limited(2)
    expect((await askFor('/v1/chat/completions', { ...QUESTION, n: 3 })).status).toBe(400)
    expect(turns).toEqual([])
  })

  test('is no question that starts no turn', async () => {
    const { ask, askFor, app, get, finish } = limited()
    const running = ask(A)
    await nextTurn()
    for (const path of ['/health', '/ready', '/v1/models']) {
      expect((await get(path, A)).status).toBe(200)
    }
    const counted = await askFor('/v1/messages/count_tokens', { messages: QUESTION.messages })
    expect(counted.status).toBe(200)
    for (const method of ['GET', 'DELETE']) {
      const init = { method, headers: { host: 'localhost:3456', ...A } }
      expect((await app.request('/v1/responses/resp_x', init)).status).toBe(404)
    }
    finish(0)
    await running
  })
})

test('one failed choice gives back the places of all', async () => {
  const { askFor, turns, mayAsk } = limited(3)
  const many = askFor('/v1/chat/completions', { ...QUESTION, n: 3 })
  await nextTurn()
  turns[0]?.say(START)
  turns[0]?.close()
  expect((await many).status).toBeGreaterThanOrEqual(500)
  await nextTurn()
  const next = askFor('/v1/chat/completions', { ...QUESTION, n: 3 })
  await nextTurn()
  for (const turn of turns.slice(3)) {
    turn.say(START, text('pong'), STOP)
    turn.close()
  }
  expect((await next).status).toBe(200)
  expect(await mayAsk(A)).toBe(true)
})

test('a client that leaves before its turn begins gives its place back', async () => {
  const { ask, finish, mayAsk } = limited()
  const client = new AbortController()
  const gone = Promise.resolve(ask(A, false, { signal: client.signal }))
  await nextTurn()
  client.abort()
  expect(await mayAsk(A)).toBe(true)
  finish(0)
  await gone
})

test('a limit of 3 is three at a time', async () => {
  const { ask, finish } = limited(3)
  const running = [ask(A), ask(A, true), ask(A)]
  await nextTurn()
  expect((await ask(A)).status).toBe(429)
  for (const index of running.keys()) finish(index)
  const statuses = await Promise.all(running.map(async (response) => (await response).status))
  expect(statuses).toEqual([200, 200, 200])
})

test('no limit is no limit', async () => {
  const { ask, finish } = limited(0)
  const running = Array.from({ length: 20 }, () => ask(A))
  await nextTurn()
  for (const index of running.keys()) finish(index)
  const statuses = new Set(
    await Promise.all(running.map(async (response) => (await response).status)),
  )
  expect([...statuses]).toEqual([200])
})
