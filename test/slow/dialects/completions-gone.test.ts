import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { APIUserAbortError } from 'openai'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { refusal } from '../../support/clients/chat.ts'
import { workersOf } from '../../support/servers/processes.ts'
import { atRest } from '../../support/servers/at-rest.ts'
import { startServer } from '../../support/servers/server.ts'
import { aborted, within } from '../../support/waiting.ts'

const ASKED_MS = 30_000
/** The promise is one second. A busy machine gets more time; a worker that never ends fails. */
const GONE_MS = 4_000

const WORKERS = 2
// None in reserve, so that every worker belongs to the request.
const server = await startServer({ settings: { 'max-workers': WORKERS, 'warm-workers': 0 } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())
const { completions } = server.client

/** A model that says a word and then nothing more, or nothing at all, to as many requests. */
function silentAfter(words: 0 | 1, requests: number) {
  const asked = Array.from({ length: requests }, () => Promise.withResolvers<AbortSignal>())
  server.api.answerWith(async ({ signal }) => {
    asked[server.api.requests.length - 1]?.resolve(signal)
    if (words === 0) await aborted(signal)
    let written = 0
    const pace = async () => (written++ < words ? undefined : aborted(signal))
    return messageReply([{ type: 'text', text: ['word', ' more'] }], { pace })
  })
  const signals = Promise.all(asked.map(({ promise }) => promise))
  return within(signals, ASKED_MS, 'the requests to the model')
}

async function requireGone(signals: readonly AbortSignal[]): Promise<void> {
  await within(Promise.all(signals.map(aborted)), GONE_MS, "the end of the model's requests")
  await atRest(server)
  // A prompt that waited for a worker got none of those that ended.
  expect(server.pool.snapshot().queued).toBe(0)
  expect(server.api.requests.length).toBe(signals.length)
}

for (const prompt of [['one'], ['one', 'two', 'three']]) {
  const running = Math.min(prompt.length, WORKERS)
  describe(`a client that goes away, of ${prompt.length} prompt(s)`, () => {
    for (const stream of [false, true]) {
      test(`${stream ? 'before its stream begins' : 'from a plain request'} takes the model's requests with it`, async () => {
        const client = new AbortController()
        const asked = silentAfter(0, running)
        const answer = refusal(
          completions.create({ model: 'sonnet', prompt, stream }, { signal: client.signal }),
        )
        const signals = await asked
        expect(workersOf(process.pid).length).toBe(running)
        client.abort()
        expect(await answer).toBeInstanceOf(APIUserAbortError)
        await requireGone(signals)
      })
    }

    test('in the middle of its stream takes them with it too', async () => {
      const asked = silentAfter(1, running)
      const stream = await completions.create({ model: 'sonnet', prompt, stream: true })
      const words = stream[Symbol.asyncIterator]()
      for (let seen = 0; seen < running; seen++) {
        const { value } = await within(words.next(), ASKED_MS, 'the first word')
        expect(value).toMatchObject({ choices: [{ text: 'word' }] })
      }
      const signals = await asked
      expect(workersOf(process.pid).length).toBe(running)
      stream.controller.abort()
      await requireGone(signals)
    })
  })
}

test('a client that goes away leaves a server behind that answers the next one', async () => {
  const { choices } = await completions.create({ model: 'sonnet', prompt: 'Once' })
  expect(choices).toMatchObject([{ text: 'pong' }])
  expect(server.api.requests.length).toBe(1)
})
