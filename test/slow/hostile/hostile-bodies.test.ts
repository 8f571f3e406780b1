import { afterAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { hostileBodies } from '../../support/inputs/hostile-bodies.ts'

/** What any request may cost all others, on two cores that have nothing else to do. */
const MAX_STALL_MS = 200
const MIB = 1024 * 1024
/**
 * `HOSTILE_BODIES` is how many of them are sent: `all` is every shape for every field. They have
 * `HOSTILE_MIB`, at most 63, and `HOSTILE_SEED` chooses.
 */
const { HOSTILE_BODIES, HOSTILE_MIB = '1', HOSTILE_SEED = '1' } = process.env
const BYTES = Number(HOSTILE_MIB) * MIB
const SAMPLE = HOSTILE_BODIES === 'all' ? Infinity : Number(HOSTILE_BODIES ?? 120)
/** What one request may take of memory, for each byte of its body, and beside that. */
const MAX_TIMES = 16
const SPARE_MB = 400

const child = Bun.spawn(
  [process.execPath, 'run', join(import.meta.dir, '../../support/servers/stall-server.ts')],
  {
    ...{ stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' },
  },
)
const lines = linesOf(child.stdout)
afterAll(async () => {
  await child.stdin.write('stop\n')
  await child.stdin.end()
  await child.exited
})

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
}

async function read(): Promise<{ url: string; stallMs: number; rssMb: number }> {
  const { value } = await lines.next()
  return JSON.parse(value ?? '{}')
}

/** The same choice for the same seed. */
function sample<T>(items: readonly T[], count: number): T[] {
  const keyed = items.map((item, index) => ({ item, key: Bun.hash(`${HOSTILE_SEED} ${index}`) }))
  return keyed
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, count)
    .map(({ item }) => item)
}

type Measured = { name: string; status: number; stallMs: number; rssMb: number; ms: number }

test('no body keeps the server from its other requests, whatever its shape', async () => {
  const { url } = await read()
  const lap = async () => {
    await child.stdin.write('lap\n')
    await child.stdin.flush()
    return read()
  }
  const measured: Measured[] = []
  const wrong: unknown[] = []
  // The first request of a process compiles what it runs.
  await fetch(`${url}/v1/messages`, { method: 'POST', body: '{}', headers: JSON_TYPE })
  for (const { name, path, make } of sample(hostileBodies(BYTES), SAMPLE)) {
    const body = make()
    const { rssMb: before } = await lap()
    const startedAt = performance.now()
    const response = await fetch(url + path, { method: 'POST', body, headers: JSON_TYPE })
    const answer = await response.text()
    const { stallMs, rssMb } = await lap()
    const { status } = response
    const ms = performance.now() - startedAt
    measured.push({ name, status, stallMs, rssMb, ms })
    // A failure of ours has these words, whatever the API calls it.
    const isFault = answer.includes('claude-max-api failed')
    const isAnswer = status === 200 || (status >= 400 && answer.includes('"error"') && !isFault)
    const isLarge = rssMb - before > (MAX_TIMES * BYTES) / 1e6 + SPARE_MB
    if (!isAnswer || isLarge || stallMs > MAX_STALL_MS) {
      wrong.push({ name, status, stallMs, rssMb, before, answer: answer.slice(0, 200) })
    }
  }
  const worst = measured
    .toSorted((a, b) => b.stallMs - a.stallMs)
    .slice(0, HOSTILE_BODIES === undefined ? 5 : 25)
  const most = Math.max(...measured.map(({ rssMb }) => rssMb))
  console.log(
    `${measured.length} bodies, seed ${HOSTILE_SEED}; at most ${most.toFixed(0)} MB. The longest stalls:`,
  )
  for (const { name, status, stallMs, ms } of worst) {
    console.log(
      `  ${stallMs.toFixed(0)} ms of CPU (${ms.toFixed(0)} ms in all), ${status}: ${name}`,
    )
  }
  expect(wrong).toEqual([])
})

const JSON_TYPE = { 'content-type': 'application/json' }
