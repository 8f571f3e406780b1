import { afterAll, beforeEach, expect, test } from 'bun:test'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { ask, type Body, call, refusal } from '../../support/clients/chat.ts'
import { startServer } from '../../support/servers/server.ts'

// On a busy machine a worker takes seconds to start.
const PACE_MS = 20

const server = await startServer({ settings: { 'warm-workers': 2 } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const HARD = { type: 'string', pattern: '(a+)+$' }
const LIST = Array.from({ length: 40 }, () => `${'a'.repeat(40)}!`)

/** A strict format for a list of such items, and an answer that is one. */
const listOf = (items: object): Body => ({
  response_format: {
    type: 'json_schema',
    json_schema: {
      ...{ name: 'list', strict: true },
      schema: { type: 'object', properties: { list: { type: 'array', items } } },
    },
  },
})
const handIn = (list: string[]) => messageReply([call('toolu_1', 'StructuredOutput', { list })])

test('a pattern that takes for ever on the answer is a 502 that says so, and nobody else waits', async () => {
  const answered = Promise.withResolvers<void>()
  server.api.answerWith(() => {
    answered.resolve()
    return handIn(LIST)
  })
  const state = { over: false }
  const hard = refusal(ask(server, listOf(HARD))).finally(() => {
    state.over = true
  })
  await answered.promise
  const start = performance.now()
  let longest = 0
  while (!state.over) {
    const asked = performance.now()
    const { status } = await fetch(`${server.url}/health`)
    expect(status).toBe(200)
    longest = Math.max(longest, performance.now() - asked)
    await Bun.sleep(PACE_MS)
  }
  // Held up by the check, the server would have answered one of these after nearly all of the time.
  expect(longest).toBeLessThan((performance.now() - start) / 2)
  const easy = ask(server, {
    messages: [{ role: 'user', content: 'easy' }],
    ...listOf({ type: 'string' }),
  })
  expect((await easy).message.content).toBe(JSON.stringify({ list: LIST }))
  expect(await hard).toMatchObject({
    ...{ status: 502, code: 'upstream_error' },
    message: expect.stringContaining('could not be checked'),
  })
  expect(server.api.requests.length).toBe(2)
})
