import { afterAll, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { answerOn } from '../../../src/server/connection.ts'
import {
  fakeApp,
  QUESTION,
  scriptedTurn,
  START,
  STOP,
  text,
} from '../../support/fakes/fake-pool.ts'
import { until, within } from '../../support/waiting.ts'

/** Bun counts in steps of 4 s. */
const IDLE_S = 4
const WAIT_MS = 30_000

const { app, pool } = fakeApp({ bodyLimits: { silenceMs: 200, totalMs: 1_000 } })
const server = Bun.serve({
  ...{ hostname: '127.0.0.1', port: 0, idleTimeout: IDLE_S, development: false },
  fetch: () => new Response(),
})
server.reload({ fetch: answerOn(server, app, IDLE_S) })
afterAll(() => server.stop(true))

const HEAD = `HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n`
const HEALTH = `GET /health ${HEAD}\r\n`
const post = (body: string, length = body.length) =>
  `POST /v1/chat/completions ${HEAD}content-length: ${length}\r\n\r\n${body}`

/** A connection on which a test writes byte for byte. */
function open(...words: string[]) {
  const socket = connect(server.port ?? 0, '127.0.0.1')
  let received = ''
  socket.on('data', (data) => {
    received += data.toString()
  })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => void socket.on('close', resolve))
  for (const word of words) socket.write(word)
  return { socket, closed, received: () => received }
}

test('a connection that rests is closed, whatever it had asked before; one that waits is not', async () => {
  const turn = scriptedTurn()
  pool.answerWith(async () => ({ events: turn.events, worker: 'warm', ignored: [] }))
  const plain = open(post(JSON.stringify(QUESTION)))
  await until(() => pool.runs.length === 1, WAIT_MS, 'the question')
  const resting = open(HEALTH)
  const halfSent = open(`GET /health ${HEAD}`)
  const second = open(HEALTH, `GET /health ${HEAD}`)
  await within(
    Promise.all([resting.closed, halfSent.closed, second.closed]),
    WAIT_MS,
    'the end of those that rest',
  )
  expect(resting.received()).toContain('"ok"')
  // It was idle for longer than a connection may be.
  expect(plain.received()).toBe('')
  turn.say(START, text('pong'), STOP)
  turn.close()
  await until(() => plain.received().includes('pong'), WAIT_MS, 'the answer')
  await within(plain.closed, WAIT_MS, 'its end')
})

test('a stream has its time as well, and its connection rests behind it', async () => {
  const turn = scriptedTurn()
  pool.answerWith(async () => ({ events: turn.events, worker: 'warm', ignored: [] }))
  const stream = open(post(JSON.stringify({ ...QUESTION, stream: true })))
  turn.say(START, text('po'))
  await until(() => stream.received().includes('po'), WAIT_MS, 'the first word')
  await within(open(HEALTH).closed, WAIT_MS, 'the end of one that rests')
  turn.say(text('ng'), STOP)
  turn.close()
  await until(() => stream.received().includes('[DONE]'), WAIT_MS, 'the end of the answer')
  await within(stream.closed, WAIT_MS, 'the end of its connection')
})

// Bun's doing, see docs/conformance.md: nothing may come behind a request before its answer.
for (const [what, behind] of [
  ['another request', HEALTH],
  ['an empty line', '\r\n'],
] as const) {
  test(`${what} behind a request ends it, and its worker is released`, async () => {
    const turn = scriptedTurn()
    pool.answerWith(async () => ({ events: turn.events, worker: 'warm', ignored: [] }))
    const before = pool.runs.length
    const asking = open(post(JSON.stringify(QUESTION)))
    await until(() => pool.runs.length > before, WAIT_MS, 'the question')
    asking.socket.write(behind)
    await within(asking.closed, WAIT_MS, 'the end of its connection')
    expect(pool.runs.at(-1)?.signal.aborted).toBe(true)
    expect(asking.received()).not.toContain('200 OK')
  })
}

test('a body that stops, or that never ends, is a 408', async () => {
  const stopped = open(post('{"model":', 100))
  const dripping = open(post('{"model":', 100_000))
  const timer = setInterval(() => dripping.socket.write(' '), 50)
  for (const { closed, received } of [stopped, dripping]) {
    await until(() => received() !== '', WAIT_MS, 'the refusal')
    expect(received()).toMatch(/^HTTP\/1.1 408 .*"request_timeout"/s)
    await within(closed, WAIT_MS, 'its end')
  }
  clearInterval(timer)
  expect((await fetch(new URL('/health', server.url))).status).toBe(200)
})

test('eleven hundred connections that ask nothing shut nobody out, and end when they have rested', async () => {
  const idle = Array.from({ length: 1_100 }, () => open())
  await Promise.all(
    idle.map(({ socket }) => new Promise<void>((resolve) => socket.on('connect', resolve))),
  )
  const answer = open(HEALTH)
  await until(() => answer.received().includes('"ok"'), WAIT_MS, 'the answer to one more')
  await within(Promise.all(idle.map(({ closed }) => closed)), WAIT_MS, 'the end of all')
  await within(answer.closed, WAIT_MS, 'its end')
})
