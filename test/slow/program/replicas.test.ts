import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BadRequestError, NotFoundError } from 'openai'
import { messageReply } from '../../../src/demo/message-stream.ts'
import {
  ask,
  answersTo,
  call,
  callsOnce,
  type Messages,
  refusal,
  say,
  tool,
} from '../../support/clients/chat.ts'
import { conversationOf, systemOf } from '../../support/servers/model-api.ts'
import {
  clientOf,
  createRig,
  documentedConfigs,
  NGINX,
  type Nginx,
} from '../../support/servers/nginx.ts'
import { framesOf, readAnswer } from '../../support/clients/sse.ts'
import type { TestServer } from '../../support/servers/server.ts'
import { aborted, within } from '../../support/waiting.ts'

const START_MS = 60_000
const ROUNDS = 30
const SEEN_MS = 10_000

const installed = existsSync(NGINX)
if (!installed) console.warn(`No ${NGINX}: replicas behind a balancer are not tested.`)

// On a busy machine a worker takes seconds to start, and each round starts one.
const { api, replica, balance, stopAll } = createRig()
afterAll(stopAll, START_MS)
beforeEach(() => api.forget())

/** Which replica asked the model, request by request. */
const askedBy = () => api.requests.map(({ headers }) => headers.get('x-replica'))
const user = (content: string) => ({ role: 'user', content }) as const
const text = (words: string) => ({ type: 'text', text: words })
const tools = [tool()]

/** How the worker of a conversation's second request was come by. */
async function secondWorker(nginx: Nginx, name: string) {
  const client = clientOf(nginx, name)
  // Of its own, so that no worker of another test stands where this conversation does.
  const opening = user(`go ${crypto.randomUUID()}`)
  const { message } = await ask({ client }, { messages: [opening] })
  const { worker } = await ask({ client }, { messages: [opening, message, user('on')] })
  return worker
}

const callsIn = (round: number) =>
  Array.from({ length: 1 + (round % 2) }, (_, n) => `toolu_${round}_${n}`)
const said = (round: number) => `Round ${round}.`
const output = (id: string) => `${id} @notes.md /clear !ls ünï🦩 `.repeat(id.length * 10)

// In CI a missing nginx is a failure.
describe.skipIf(!installed && !process.env['CI'])('two replicas behind nginx', () => {
  const configs = documentedConfigs()
  let one: TestServer
  let two: TestServer
  let inTurns: Nginx
  let sticky: Nginx
  beforeAll(async () => {
    one = await replica('one')
    two = await replica('two')
    inTurns = await balance(configs.inTurns, [one, two])
    sticky = await balance(configs.sticky, [one, two])
  }, START_MS)

  // First, because a pool full of conversations parked on calls gives up one that has just ended.
  describe('sticky', () => {
    test('a conversation that goes on gets its own worker back', async () => {
      for (const name of ['a', 'b', 'c', 'd']) {
        expect(await secondWorker(sticky, name)).toBe('resumed')
      }
      const client = clientOf(sticky, 'e')
      api.answerWith(callsOnce(call('toolu_e')))
      const { message } = await ask({ client }, { tools })
      const messages = [user('go'), message, ...answersTo(message)]
      expect((await ask({ client }, { tools, messages })).worker).toBe('unparked')
    })
  })

  describe('in turns', () => {
    test(`${ROUNDS} rounds of tool calls, each at the other replica than the one before`, async () => {
      api.answerWith(({ body }) => {
        const round = body.messages.filter(({ role }) => role === 'assistant').length
        if (round === ROUNDS) return say('done')
        const calls = callsIn(round).map((id) => call(id))
        return messageReply([{ type: 'text', text: said(round) }, ...calls])
      })
      const client = clientOf(inTurns)
      const messages: Messages = [{ role: 'system', content: 'Look.' }, user('go')]
      const upstream: object[] = [{ role: 'user', content: [text('go')] }]
      const workers: (string | null)[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const { message, worker } = await ask({ client }, { tools, messages })
        const ids = callsIn(round)
        const made = ids.map((id) => ({ name: 'look', arguments: JSON.stringify({ at: id }) }))
        expect(message).toMatchObject({
          content: said(round),
          tool_calls: made.map((fn, n) => ({ id: ids[n], type: 'function', function: fn })),
        })
        workers.push(worker)
        messages.push(message, ...answersTo(message, output))
        const uses = ids.map((id) => ({ type: 'tool_use', id, name: 'look', input: { at: id } }))
        const results = ids.map((id) => ({
          ...{ tool_use_id: id, type: 'tool_result', content: [text(output(id))] },
        }))
        upstream.push({ role: 'assistant', content: [text(said(round)), ...uses] })
        upstream.push({ role: 'user', content: results })
      }
      const { message, worker } = await ask({ client }, { tools, messages })
      expect(message.content).toBe('done')
      const whole = Array.from({ length: ROUNDS + 1 }, (_, n) => upstream.slice(0, 1 + 2 * n))
      expect(api.requests.map((request): object[] => conversationOf(request))).toEqual(whole)
      expect(api.requests.map(systemOf)).toEqual(whole.map(() => ['Look.']))
      const [first = '', second = ''] = askedBy()
      expect(new Set([first, second])).toEqual(new Set(['one', 'two']))
      expect(askedBy()).toEqual(whole.map((_, n) => (n % 2 === 0 ? first : second)))
      for (const origin of [...workers, worker]) expect(origin).toMatch(/^(warm|cold|rewound)$/)
    })

    test('a conversation that goes on gets a worker with its history', async () => {
      expect(await secondWorker(inTurns, 'a')).toMatch(/^(warm|cold|rewound)$/)
      expect(new Set(askedBy())).toEqual(new Set(['one', 'two']))
    })

    test('a piece of an answer is at the client while the model is still silent', async () => {
      const rest = Promise.withResolvers<void>()
      let written = 0
      api.answerWith(() =>
        messageReply([{ type: 'text', text: ['first', ' last'] }], {
          pace: async () => (written++ === 0 ? undefined : rest.promise),
        }),
      )
      const response = await within(postTo(inTurns, { stream: true }), SEEN_MS, 'the response')
      const [seen, whole] = response.body?.tee() ?? []
      const reader = framesOf(new Response(seen)).getReader()
      const firstPiece = async () => {
        for (;;) {
          const { value, done } = await reader.read()
          if (done || value?.includes('"content":"first"')) return value
        }
      }
      expect(await within(firstPiece(), SEEN_MS, 'the first piece')).toContain('first')
      rest.resolve()
      const answer = await readAnswer(new Response(whole))
      expect(answer).toMatchObject({ done: true, text: 'first last' })
    })

    test("a client that goes away ends the model's request", async () => {
      const asked = Promise.withResolvers<AbortSignal>()
      api.answerWith(async ({ signal }) => {
        asked.resolve(signal)
        await aborted(signal)
        return say('too late')
      })
      const client = new AbortController()
      const response = refusal(postTo(inTurns, {}, { signal: client.signal }))
      const signal = await within(asked.promise, SEEN_MS, 'the request to the model')
      client.abort()
      await within(aborted(signal), SEEN_MS, 'the end of it')
      expect(await response).toMatchObject({ name: 'AbortError' })
    })

    test('a foreign Host is refused, as it is without nginx', async () => {
      const headers = { host: 'evil.example', 'content-type': 'application/json' }
      expect((await postTo(inTurns, {}, { headers })).status).toBe(403)
      expect(api.requests).toEqual([])
    })

    test('a replica that is gone is not missed', async () => {
      const lost = await replica('lost')
      const nginx = await balance(configs.inTurns, [lost, two])
      const client = clientOf(nginx)
      const opening = user('go')
      const first = await ask({ client }, { messages: [opening] })
      const messages: Messages = [opening, first.message, user('on')]
      await lost.stop()
      for (const _ of ["the other one's turn", 'its own turn']) {
        expect((await ask({ client }, { messages })).message.content).toBe('pong')
      }
      expect(askedBy()).toEqual(['lost', 'two', 'two'])
      expect(nginx.log()).toContain('Connection refused')
    })
  })

  describe('a stored response', () => {
    const body = { model: 'sonnet', input: 'on' }

    test('is unknown to the other replica', async () => {
      const { id } = await one.client.responses.create({ model: 'sonnet', input: 'go' })
      expect(await refusal(two.client.responses.retrieve(id))).toBeInstanceOf(NotFoundError)
      const next = await refusal(two.client.responses.create({ ...body, previous_response_id: id }))
      expect(next).toBeInstanceOf(BadRequestError)
      expect(next).toMatchObject({ code: 'previous_response_not_found' })
      expect(await one.client.responses.retrieve(id)).toMatchObject({ id })
    })

    test('is found by sticky routing', async () => {
      const { responses } = clientOf(sticky, crypto.randomUUID())
      const { id } = await responses.create({ model: 'sonnet', input: 'go' })
      await responses.create({ ...body, previous_response_id: id })
      expect(lastTexts()).toMatch(/go.*pong.*on/)
      expect(await responses.retrieve(id)).toMatchObject({ id })
    })

    test('is not needed when the whole input comes with store: false', async () => {
      const { responses } = clientOf(inTurns)
      const first = await responses.create({ model: 'sonnet', input: 'go', store: false })
      const answer = { role: 'assistant' as const, content: first.output_text }
      const input = [user('go'), answer, user('on')]
      await responses.create({ model: 'sonnet', input, store: false })
      expect(lastTexts()).toMatch(/go.*pong.*on/)
      expect(new Set(askedBy())).toEqual(new Set(['one', 'two']))
    })

    test('is known to all that have one --data-dir', async () => {
      const settings = { 'data-dir': join(one.home, 'shared'), 'warm-workers': 0 }
      const [left, right] = [await replica('left', settings), await replica('right', settings)]
      const { id } = await left.client.responses.create({ model: 'sonnet', input: 'go' })
      const next = await right.client.responses.create({ ...body, previous_response_id: id })
      expect(lastTexts()).toMatch(/go.*pong.*on/)
      expect(await left.client.responses.retrieve(next.id)).toMatchObject({ id: next.id })
      await right.client.responses.delete(id)
      expect(await refusal(left.client.responses.retrieve(id))).toBeInstanceOf(NotFoundError)
    })
  })
})

const lastTexts = () => JSON.stringify(api.requests.slice(-1).map(conversationOf))

function postTo({ url }: { url: string }, body: object, init: RequestInit = {}) {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sonnet', messages: [user('hi')], ...body }),
    ...init,
  })
}
