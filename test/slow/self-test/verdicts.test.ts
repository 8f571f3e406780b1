import { afterAll, afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask } from '../../support/clients/chat.ts'
import { askRaw, expectError } from '../../support/clients/failing.ts'
import {
  type Alteration,
  alteredClaude,
  type AlteredClaude,
} from '../../support/fakes/altered-claude.ts'
import { CLAUDE, startServer, type TestServer } from '../../support/servers/server.ts'

// On a busy machine a worker takes seconds to start.
setDefaultTimeout(180_000)

const folder = mkdtempSync(join(tmpdir(), 'claude-max-api-verdicts-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const servers: TestServer[] = []
const fakes: AlteredClaude[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
  for (const fake of fakes.splice(0)) fake.remove()
})

/** A server that examines its CLI, as it does outside of the tests. */
async function serve(alteration: Alteration) {
  const altered = alteredClaude(CLAUDE, alteration)
  fakes.push(altered)
  const data = join(folder, alteration.replaceAll(' ', '-'))
  const settings = { 'skip-self-test': false, 'data-dir': data, 'warm-workers': 1 }
  const server = await startServer({ claude: altered.path, settings })
  servers.push(server)
  return { server, altered }
}

const ready = async ({ url }: TestServer) => (await fetch(`${url}/ready`)).json()

test('a CLI without fault is examined and then answers; nothing of that reaches the model API', async () => {
  const { server } = await serve('none')
  expect((await ask(server)).message.content).toBe('pong')
  expect(server.api.requests.length).toBe(1)
  const cli = { version: expect.stringMatching(/^\d+\.\d+\.\d+$/), selfTest: 'passed', off: [] }
  expect(await ready(server)).toMatchObject({ cli })
})

test('one that breaks a required claim gets no request, and the answer says what to do', async () => {
  const { server, altered } = await serve('ignores client_composed')
  const response = await askRaw(server, false)
  const text = await response.clone().text()
  for (const words of [
    'text (Texts such as',
    'npm i -g @anthropic-ai/claude-code@',
    '--skip-self-test',
  ]) {
    expect(text).toContain(words)
  }
  await expectError(response, 503, 'cli_unfit')
  expect(server.api.requests).toEqual([])
  const state = { status: 'not ready', cli: { selfTest: 'failed' } }
  expect(await ready(server)).toMatchObject(state)
  // Put right while the server runs, it is examined anew.
  altered.become('none')
  expect((await ask(server)).message.content).toBe('pong')
  expect(await ready(server)).toMatchObject({ status: 'ready', cli: { selfTest: 'passed' } })
})

test('one that says that it rewinds and does not: never a worker that has heard something else', async () => {
  const { server } = await serve('ignores rewinding')
  for (const content of ['one', 'two']) {
    const response = await server.post('/v1/chat/completions', {
      ...{ model: 'sonnet', messages: [{ role: 'user', content }] },
    })
    // The claims behind it may fail as well: then it is not used at all.
    if (response.status !== 200) await expectError(response, 503, 'cli_unfit')
    else expect(response.headers.get('x-claude-max-api-worker')).not.toBe('rewound')
  }
  expect(JSON.stringify(await ready(server))).toMatch(/"selfTest":"failed"|"off":\["rewind"/)
})
