import { afterEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask, say } from '../../support/clients/chat.ts'
import { askRaw } from '../../support/clients/failing.ts'
import { type FakeClaude, fakeClaude } from '../../support/fakes/fake-claude.ts'
import { until } from '../../support/waiting.ts'
import { CLAUDE, startServer, type TestServer } from '../../support/servers/server.ts'

const servers: TestServer[] = []
const fakes: FakeClaude[] = []
const folders: string[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
  for (const fake of fakes.splice(0)) fake.remove()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function serve(claude: string, warmWorkers = 0): Promise<TestServer> {
  const settings = { 'max-workers': 2, 'warm-workers': warmWorkers }
  const server = await startServer({ claude, settings })
  servers.push(server)
  return server
}

/** A place whose CLI can be taken away and exchanged, as an update does. */
function place(target = CLAUDE) {
  const folder = mkdtempSync(join(tmpdir(), 'claude-max-api-place-'))
  folders.push(folder)
  const path = join(folder, 'claude')
  symlinkSync(target, path)
  return {
    path,
    remove: () => rmSync(path),
    put: (other: string) => symlinkSync(other, path),
  }
}

/** Of a conversation that no worker has heard the beginning of. */
const system = { role: 'system', content: 'Be brief.' } as const
const messages = [system, { role: 'user', content: 'hi' } as const]

test('a CLI that an update takes away: workers go on, other requests wait until it is back', async () => {
  const { path, remove, put } = place()
  const server = await serve(path)
  expect((await ask(server)).message.content).toBe('pong')
  remove()
  expect((await ask(server)).worker).toBe('rewound')
  const waiting = Promise.all([ask(server, { messages }), ask(server, { messages })])
  await until(() => server.examiner.state.problem !== undefined, 10_000, 'that it is missed')
  const ready = await fetch(`${server.url}/ready`)
  const reasons = [`There is no claude CLI at ${path}.`]
  expect([ready.status, await ready.json()]).toMatchObject([503, { reasons }])
  put(CLAUDE)
  const answers = await waiting
  expect(answers.map(({ message }) => message.content)).toEqual(['pong', 'pong'])
  expect((await fetch(`${server.url}/ready`)).status).toBe(200)
})

test('a CLI exchanged while we run: new workers are the new one, a conversation keeps its old one', async () => {
  const { path, remove, put } = place()
  const server = await serve(path)
  server.api.answerWith(() => say('the old one'))
  const go = { role: 'user', content: 'go' } as const
  const first = await ask(server, { messages: [go] })
  expect(first.message.content).toBe('the old one')
  remove()
  const fake = fakeClaude('plain')
  fakes.push(fake)
  put(fake.path)
  const goesOn = { messages: [go, first.message, go] }
  const [further, fresh] = [await ask(server, goesOn), await ask(server)]
  expect([further.worker, further.message.content]).toEqual(['resumed', 'the old one'])
  expect(fresh.message.content).toBe('pong')
  expect(server.api.requests.length).toBe(2)
})

test('a CLI that dies at every start is started ever more slowly, and we say why', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'claude-max-api-loop-'))
  folders.push(folder)
  const [path, starts] = [join(folder, 'claude'), join(folder, 'starts')]
  await Bun.write(path, `#!/bin/sh\ndate +%s%N >>${starts}\necho 'no room' >&2\nexit 3\n`)
  Bun.spawnSync(['chmod', '+x', path])
  await Bun.write(starts, '')
  const server = await serve(path, 2)
  const times = async () => (await Bun.file(starts).text()).trim().split('\n').map(Number)
  let seen: number[] = []
  for (let tries = 0; seen.length < 4 && tries < 500; tries++) {
    await Bun.sleep(20)
    seen = await times()
  }
  expect(seen.length).toBe(4)
  const gaps = seen.slice(1).map((at, index) => at - (seen[index] ?? 0))
  // Each waits twice as long; half of that is left to a busy machine.
  expect(gaps.slice(1).map((gap, index) => gap / (gaps[index] ?? gap) > 1.3)).toEqual([
    ...[true, true],
  ])
  const response = await askRaw(server, false)
  expect(await response.text()).toContain('no room')
})
