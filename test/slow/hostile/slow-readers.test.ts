import { afterAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { createSandbox } from '../../../src/demo/sandbox.ts'
import { startTestModelApi } from '../../support/servers/model-api.ts'
import { Programs } from '../../support/servers/program.ts'
import { RawClient } from '../../support/clients/raw-client.ts'
import { framesOf, readAnswer } from '../../support/clients/sse.ts'
import { within } from '../../support/waiting.ts'

const CLIENTS = 64
const PATH = '/v1/chat/completions'
const ANSWER_MS = 120_000
/** More than the sockets between us hold, so that it is the server that must wait. */
const PIECE = 'x'.repeat(16 * 1024)
const SLOW_PIECES = 256
const SIP_MS = 5
const PAUSE_MS = 100
/** How much later the first word may come beside clients that misbehave. */
const MAX_RATIO = 2
const HUGE_PIECES = 3_200
const HUGE_MB = (HUGE_PIECES * PIECE.length) / 1024 / 1024
/**
 * For so long nothing more comes from the model: it waits for the server, which waits for the
 * reader.
 */
const STALLED_MS = 3_000
/** The memory for a reader that does not read; 16 to 25 MB were measured. */
const MAX_GROWTH_MB = HUGE_MB * 0.7
const SAMPLE_MS = 50

const programs = new Programs()
const api = startTestModelApi()
const sandbox = createSandbox(api.url)
afterAll(async () => {
  await programs.end()
  programs.remove()
  await api.stop()
  sandbox.remove()
})

async function serve(args: readonly string[]) {
  const { url, child } = await programs.serve([...args, '--log-level', 'error'], sandbox.env)
  return { url: url.replace('localhost', '127.0.0.1').replace(/\/v1$/, ''), child }
}

type Behaviour = 'well' | 'leaves' | 'slow'
type Told = { first: number; right: boolean }

const question = (token: string, behaviour: Behaviour) => ({
  ...{ model: 'sonnet', stream: true },
  messages: [{ role: 'user', content: `${behaviour} ${token}` }],
})

const answerTo = (token: string, behaviour: string) =>
  behaviour === 'slow'
    ? [`${token} `, ...Array.from({ length: SLOW_PIECES }, () => PIECE), token]
    : [`${token} `, ...Array.from({ length: 100 }, (_, index) => `${index} `), token]

function answerByToken() {
  api.answerWith(({ text }) => {
    const [, behaviour = '', token = ''] =
      /(well|leaves|slow) (token-[\da-f-]{36})/.exec(text) ?? []
    return messageReply([{ type: 'text', text: answerTo(token, behaviour) }])
  })
}

/** One client of the crowd: when its first word came, and whether the answer was the right one. */
async function behave(url: string, behaviour: Behaviour): Promise<Told> {
  const token = `token-${crypto.randomUUID()}`
  const due = answerTo(token, behaviour).join('')
  const startedAt = performance.now()
  if (behaviour === 'slow') {
    const client = new RawClient(url, PATH, question(token, behaviour))
    // Each sip takes what has come meanwhile; the pause is what makes the reader slow.
    while (!client.isClosed) {
      await client.sip(SIP_MS)
      await Bun.sleep(PAUSE_MS)
    }
    const { text, done } = await readAnswer(client.response())
    return { first: 0, right: done && text === due }
  }
  const leaving = new AbortController()
  const response = await fetch(url + PATH, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(question(token, behaviour)),
    signal: leaving.signal,
  })
  const [ahead, whole] = response.body?.tee() ?? []
  if (!ahead || !whole) throw new Error('The response has no body.')
  const answer = readAnswer(new Response(whole))
  answer.catch(() => {})
  const reader = framesOf(new Response(ahead)).getReader()
  for (;;) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`No word came: ${response.status}`)
    if (value.includes(token)) break
  }
  const first = performance.now() - startedAt
  if (behaviour === 'leaves') {
    leaving.abort()
    return { first, right: true }
  }
  for (let done = false; !done;) ({ done } = await reader.read())
  const { text, done } = await answer
  return { first, right: done && text === due }
}

/** All at once; resolves to the 95th percentile of the first words of those who behave well. */
async function crowd(url: string, behaviourOf: (index: number) => Behaviour) {
  const behaviours = Array.from({ length: CLIENTS }, (_, index) => behaviourOf(index))
  const told = await within(
    Promise.all(behaviours.map((behaviour) => behave(url, behaviour))),
    ANSWER_MS,
    'the answers of all',
  )
  expect(told.filter(({ right }) => !right)).toEqual([])
  const well = told.filter((_, index) => behaviours[index] === 'well')
  const firsts = well.map(({ first }) => first).toSorted((a, b) => a - b)
  return firsts[Math.ceil(firsts.length * 0.95) - 1] ?? 0
}

test('64 at once, a quarter leaves early and a quarter reads slowly: the rest is unharmed', async () => {
  const { url, child } = await serve(['--max-workers', '8', '--max-queue', '100'])
  answerByToken()
  const quarters = ['well', 'leaves', 'well', 'slow'] as const
  const alone = await crowd(url, () => 'well')
  const among = await crowd(url, (index) => quarters[index % 4] ?? 'well')
  const ratio = among / alone
  console.log(
    `p95 of the first word: ${ratio.toFixed(2)} times that of an undisturbed crowd ` +
      `(${Math.round(among)} ms, ${Math.round(alone)} ms)`,
  )
  expect(ratio).toBeLessThanOrEqual(MAX_RATIO)
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
})

test.if(process.platform === 'linux')(
  'a client that does not read costs the server little memory, and loses nothing in the end',
  async () => {
    const { url, child } = await serve(['--max-workers', '2', '--warm-workers', '1'])
    answerByToken()
    // The memory that a program takes for its first stream is not measured.
    expect((await behave(url, 'well')).right).toBe(true)

    const said = { pieces: 0 }
    const text = Array.from({ length: HUGE_PIECES }, () => PIECE)
    const count = async () => void said.pieces++
    api.answerWith(() => messageReply([{ type: 'text', text }], { pace: count }))
    const before = rssMbOf(child.pid)
    const client = new RawClient(url, PATH, question('huge', 'slow'))
    let most = before
    for (let seen = -1, stalled = 0; stalled < STALLED_MS || said.pieces === 0;) {
      await Bun.sleep(SAMPLE_MS)
      most = Math.max(most, rssMbOf(child.pid))
      stalled = said.pieces === seen ? stalled + SAMPLE_MS : 0
      seen = said.pieces
    }
    const growth = most - before
    console.log(
      `${HUGE_MB} MB offered to a client that does not read: the server grew by ${growth.toFixed(1)} MB ` +
        `while the model had said ${((said.pieces * PIECE.length) / 1024 / 1024).toFixed(1)} MB`,
    )
    expect(growth).toBeLessThan(MAX_GROWTH_MB)

    await within(client.finish(), ANSWER_MS, 'the rest of the answer')
    const answer = await readAnswer(client.response())
    expect([answer.done, answer.text.length]).toEqual([true, HUGE_PIECES * PIECE.length])
  },
)

function rssMbOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024
}
