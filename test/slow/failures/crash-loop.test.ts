import { afterEach, expect, test } from 'bun:test'
import { askRaw, expectError } from '../../support/clients/failing.ts'
import { type FakeClaude, fakeClaude } from '../../support/fakes/fake-claude.ts'
import { startServer, type TestServer } from '../../support/servers/server.ts'

/** Three for the first request, and a few more where a slow machine takes long for thirty. */
const MOST_STARTS = 3 + 2

let fake: FakeClaude | undefined
let server: TestServer | undefined
afterEach(async () => {
  await server?.stop()
  fake?.remove()
})

test('a CLI that dies at every start is started a few times for 30 requests, each told why; mended, it answers', async () => {
  fake = fakeClaude('dies-at-start')
  server = await startServer({ claude: fake.path, settings: { 'warm-workers': 0 } })
  for (let request = 0; request < 30; request++) {
    const response = await askRaw(server, request % 2 === 0)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await response.clone().text()).toContain('no room on this machine')
    await expectError(response, 502, 'worker_failed')
  }
  expect(fake.starts()).toBeGreaterThanOrEqual(3)
  expect(fake.starts()).toBeLessThanOrEqual(MOST_STARTS)

  fake.become('plain')
  // A client that tries again when it is told to, but only once.
  const client = server.client.withOptions({ maxRetries: 1 })
  const messages = [{ role: 'user', content: 'hi' } as const]
  const { choices } = await client.chat.completions.create({ model: 'sonnet', messages })
  expect(choices[0]?.message.content).toBe('pong')
  expect((await askRaw(server, false)).status).toBe(200)
})
