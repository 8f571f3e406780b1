import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { workersOf } from '../../support/servers/processes.ts'
import { framesOf } from '../../support/clients/sse.ts'
import { atRest } from '../../support/servers/at-rest.ts'
import { startServer } from '../../support/servers/server.ts'
import { aborted, until, within } from '../../support/waiting.ts'

const ASKED_MS = 15_000
/** The promise is one second. A busy machine gets more time; a worker that never ends fails. */
const GONE_MS = 4_000

// One worker and none in reserve, so that it is clear which one is meant.
const server = await startServer({ settings: { 'max-workers': 1, 'warm-workers': 0 } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

/** A model that says one word and then nothing more, or nothing at all. */
function silentAfter(words: 0 | 1) {
  const asked = Promise.withResolvers<AbortSignal>()
  const never = Promise.withResolvers<void>()
  let written = 0
  server.api.answerWith(async ({ signal }) => {
    asked.resolve(signal)
    if (words === 0) await Promise.race([never.promise, aborted(signal)])
    const pace = async () =>
      written++ < words ? undefined : Promise.race([never.promise, aborted(signal)])
    return messageReply([{ type: 'text', text: ['word', ' more'] }], { pace })
  })
  return within(asked.promise, ASKED_MS, 'the request to the model')
}

function ask(stream: boolean, signal: AbortSignal): Promise<Response> {
  const messages = [{ role: 'user', content: 'hi' }]
  const headers = { 'content-type': 'application/json' }
  const body = { model: 'sonnet', stream, messages }
  return server.post('/v1/chat/completions', body, { headers, signal })
}

function onlyWorker(): number {
  const [worker, ...others] = workersOf(process.pid)
  expect(others).toEqual([])
  return worker?.pid ?? 0
}

describe('a client that goes away', () => {
  for (const stream of [false, true]) {
    test(`${stream ? 'before its stream begins' : 'from a plain request'} takes the model's request with it, and the worker stays`, async () => {
      const client = new AbortController()
      const asked = silentAfter(0)
      const answer = ask(stream, client.signal).catch((e: unknown) => e)
      const signal = await asked
      const worker = onlyWorker()
      client.abort()
      await answer
      await within(aborted(signal), GONE_MS, "the end of the model's request")
      await atRest(server)
      expect(workersOf(process.pid).map(({ pid }) => pid)).toEqual([worker])
    })
  }

  test('in the middle of its stream takes it with it too', async () => {
    const client = new AbortController()
    const asked = silentAfter(1)
    const response = await ask(true, client.signal)
    const signal = await asked
    const worker = onlyWorker()
    const reader = framesOf(response).getReader()
    for (;;) {
      const { value, done } = await within(reader.read(), ASKED_MS, 'the first word')
      if (done) throw new Error('The stream ended before its first word.')
      if (value.includes('word')) break
    }
    client.abort()
    await within(aborted(signal), GONE_MS, "the end of the model's request")
    await atRest(server)
    expect(workersOf(process.pid).map(({ pid }) => pid)).toEqual([worker])
  })

  test('from the queue leaves its place, and nothing is asked for it', async () => {
    const first = new AbortController()
    const asked = silentAfter(0)
    const running = ask(false, first.signal).catch((e: unknown) => e)
    await asked
    const second = new AbortController()
    const waiting = ask(false, second.signal).catch((e: unknown) => e)
    const queued = () => server.pool.snapshot().queued
    await until(() => queued() === 1, ASKED_MS, 'the second request in the queue')
    second.abort()
    await waiting
    await until(() => queued() === 0, GONE_MS, 'the empty queue')
    expect(server.api.requests.length).toBe(1)
    first.abort()
    await running
  })

  test('leaves a server behind that answers the next one', async () => {
    const response = await ask(false, AbortSignal.timeout(ASKED_MS))
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'pong' } }] })
    expect(server.api.requests.length).toBe(1)
  })
})
