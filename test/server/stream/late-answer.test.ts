import { afterEach, expect, test } from 'bun:test'
import { configureSync, getLogger, type LogRecord } from '@logtape/logtape'
import { Hono } from 'hono'
import { SSE } from '../../../src/dialect/framing.ts'
import { Remarks } from '../../../src/dialect/remarks.ts'
import { TurnError } from '../../../src/errors.ts'
import { type AnswerFacts, lifetimes } from '../../../src/server/lifetime.ts'
import { logRequests, requestIds } from '../../../src/server/request-log.ts'
import type { ServerEnv } from '../../../src/server/services.ts'
import { streamAnswer } from '../../../src/server/stream/stream-answer.ts'

const CATEGORY = 'late-answer-test'

/** What is logged. */
const records: LogRecord[] = []
afterEach(() => void records.splice(0))
configureSync({
  reset: true,
  sinks: { records: (record) => void records.push(record) },
  loggers: [
    { category: CATEGORY, sinks: ['records'] },
    { category: ['logtape', 'meta'], sinks: ['records'], lowestLevel: 'error' },
  ],
})

function twoFrames(): ReadableStream<object | string> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue({ text: 'hi' })
      controller.enqueue('[DONE]')
      controller.close()
    },
  })
}

/** A request whose answer begins when the test says so, long after its headers. */
async function lateRequest() {
  const answer = Promise.withResolvers<AnswerFacts>()
  const remarks = new Remarks()
  remarks.ignore('seed')
  remarks.change('messages[0].content[0].image_url.url')
  const app = new Hono<ServerEnv>()
  app.use(lifetimes(), requestIds(), logRequests(getLogger(CATEGORY)))
  app.get('/', (c) =>
    streamAnswer({
      answer: answer.promise,
      frames: answer.promise.then(twoFrames),
      ...{ remarks, lifetime: c.get('lifetime'), graceMs: 1, framing: SSE },
      toErrorFrame: ({ kind }) => ({ error: kind }),
    }),
  )
  return { answer, response: await app.request('/') }
}

test('what is known of a late answer is in its headers, and the rest before its first frame', async () => {
  const { answer, response } = await lateRequest()
  expect(response.headers.get('x-claude-max-api-ignored')).toBe('seed')
  expect(response.headers.get('x-claude-max-api-changed')).toBe(
    'messages[0].content[0].image_url.url',
  )
  expect(response.headers.get('x-claude-max-api-worker')).toBeNull()
  answer.resolve({ worker: 'cold', ignored: ['reasoning_effort', 'a\nb'] })
  expect(await response.text()).toBe(
    ': x-claude-max-api-worker: cold\n: x-claude-max-api-ignored: reasoning_effort, a%0Ab\n\n' +
      'data: {"text":"hi"}\n\ndata: [DONE]\n\n',
  )
})

test('the log waits for the worker of a late answer', async () => {
  const { answer, response } = await lateRequest()
  expect(records).toEqual([])
  answer.resolve({ worker: 'warm', ignored: [] })
  expect(await response.text()).toEndWith('data: [DONE]\n\n')
  expect(records).toMatchObject([
    { rawMessage: 'request', properties: { status: 200, worker: 'warm', path: '/' } },
  ])
})

test('the log has the error of an answer that never began', async () => {
  const { answer, response } = await lateRequest()
  answer.reject(new TurnError('overloaded', 'no'))
  expect(await response.text()).toBe('data: {"error":"overloaded"}\n\n')
  expect(records).toMatchObject([{ properties: { status: 200, error: 'overloaded' } }])
})
