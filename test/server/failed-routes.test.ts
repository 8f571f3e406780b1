import { getLogger } from '@logtape/logtape'
import { describe, expect, test } from 'bun:test'
import type { TurnEvent } from '../../src/conversation/types.ts'
import type { Answer } from '../../src/pool/pool.ts'
import { fakeApp, START, text } from '../support/fakes/fake-pool.ts'
import { until } from '../support/waiting.ts'

const RELEASED_MS = 5_000

const user = [{ role: 'user', content: 'hi' }]
const ROUTES: [name: string, path: string, body: object][] = [
  ['chat', '/v1/chat/completions', { messages: user }],
  ['chat with two choices', '/v1/chat/completions', { messages: user, n: 2 }],
  ['completions of two prompts', '/v1/completions', { prompt: ['one', 'two'] }],
  ['messages', '/v1/messages', { messages: user, max_tokens: 9 }],
  ['responses', '/v1/responses', { input: 'hi' }],
]

const usage = {
  ...{ uncachedTokens: 1, cachedTokens: 0, cacheCreationTokens: 0 },
  ...{ outputTokens: 1, reasoningTokens: 0 },
}

class Injected extends Error {}
const fail = (): never => {
  throw new Injected('injected')
}

type Fault = {
  events?: TurnEvent[]
  /** The header cannot name the worker. */
  headless?: boolean
  /** A stream whose events somebody else reads. */
  locked?: boolean
}

/** What fails, and at which step, while workers are running. */
const FAULTS: Record<string, Fault> = {
  'the headers': { headless: true },
  'reading the events': { locked: true },
  'the first frame': {
    events: [
      {
        ...{ type: 'start', id: 'msg_1', model: 'claude-x' },
        get usage() {
          return fail()
        },
      },
      {
        type: 'text',
        get text() {
          return fail()
        },
      },
    ],
  },
  'a later frame, or collecting': {
    events: [
      START,
      text('po'),
      {
        type: 'text',
        get text() {
          return fail()
        },
      },
    ],
  },
  'the end of the answer': {
    events: [
      START,
      text('pong'),
      {
        ...{ type: 'stop', stopSequence: undefined, usage },
        get reason() {
          return fail()
        },
      },
    ],
  },
}

/** An app whose workers are held until their turn is cancelled, or their request gives them up. */
function appWithWorkers(fault: Fault) {
  const held = new Set<symbol>()
  let begun = 0
  const { app, pool } = fakeApp({
    log: getLogger('nobody listens'),
    responses: {
      of: () => ({
        find: () => undefined,
        chain: () => undefined,
        delete: () => false,
        save: fail,
      }),
    },
  })
  pool.answerWith(async (_, { signal }) => {
    const worker = Symbol('worker')
    held.add(worker)
    begun++
    const release = () => void held.delete(worker)
    signal.addEventListener('abort', release)
    const left = [...(fault.events ?? [START, text('pong')])]
    const events = new ReadableStream<TurnEvent>(
      {
        async pull(controller) {
          const next = left.shift()
          // A worker does not end by itself after this; the request ends it.
          if (!next) return new Promise(() => {})
          controller.enqueue(next)
        },
        cancel: release,
      },
      { highWaterMark: 0 },
    )
    if (fault.locked) events.getReader()
    return {
      events,
      ignored: [],
      get worker(): Answer['worker'] {
        return fault.headless ? fail() : 'warm'
      },
    }
  })
  return { app, pool, held, begun: () => begun }
}

type App = ReturnType<typeof fakeApp>['app']

const send = (app: App, path: string, body: object, signal?: AbortSignal) =>
  app.request(path, {
    method: 'POST',
    headers: { host: 'localhost', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sonnet', ...body }),
    ...(signal && { signal }),
  })

for (const stream of [false, true]) {
  for (const [name, path, body] of ROUTES) {
    describe(`${stream ? 'streaming' : 'plain'} ${name}: no worker is held after a failure of`, () => {
      for (const [step, fault] of Object.entries(FAULTS)) {
        test(step, async () => {
          const { app, held, begun } = appWithWorkers(fault)
          const response = await send(app, path, { stream, ...body })
          // If an answer began, it must not end as a complete one.
          expect([200, 500]).toContain(response.status)
          expect(await response.text()).toMatch(/"error"|"type":"response\.failed"/)
          expect(begun()).toBeGreaterThan(0)
          await until(() => held.size === 0, RELEASED_MS, 'the workers back')
        })
      }

      test('the client, that leaves', async () => {
        const { app, held, begun } = appWithWorkers({})
        const client = new AbortController()
        const answer = Promise.resolve(send(app, path, { stream, ...body }, client.signal))
        answer.catch(() => {})
        await until(() => begun() > 0, RELEASED_MS, 'the first worker')
        client.abort()
        await until(() => held.size === 0, RELEASED_MS, 'the workers back')
      })
    })
  }

  test(`${stream ? 'streaming' : 'plain'}: a response that cannot be stored holds no worker`, async () => {
    const end: TurnEvent = { type: 'stop', reason: 'end', stopSequence: undefined, usage }
    const { app, held } = appWithWorkers({ events: [START, text('pong'), end] })
    const response = await send(app, '/v1/responses', { input: 'hi', stream })
    expect(await response.text()).toContain('error')
    await until(() => held.size === 0, RELEASED_MS, 'the workers back')
  })
}

test('words of the request in a header are encoded, and a long list is cut', async () => {
  const { post } = fakeApp()
  const types = [
    'a\nb',
    'é',
    '\ud800',
    'x'.repeat(5_000),
    ...Array.from({ length: 100 }, () => 'web_search'),
  ]
  const tools = types.map((type) => ({ type }))
  const response = await post({ model: 'sonnet', messages: user, tools })
  expect(response.status).toBe(200)
  const ignored = response.headers.get('x-claude-max-api-ignored') ?? ''
  expect(ignored).toContain('tools[0] (a%0Ab), tools[1] (%C3%A9), tools[2] (%EF%BF%BD)')
  expect(ignored).toMatch(/, and \d+ more$/)
  expect(ignored.length).toBeLessThan(2_100)
})
