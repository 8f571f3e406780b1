import { afterEach, expect, test } from 'bun:test'
import { type FakeClaude, fakeClaude, type Scenario } from '../../support/fakes/fake-claude.ts'
import { isAlive, workersOf } from '../../support/servers/processes.ts'
import { readAnswer } from '../../support/clients/sse.ts'
import { startServer, type TestServer } from '../../support/servers/server.ts'
import { until } from '../../support/waiting.ts'

const GONE_MS = 10_000

let fake: FakeClaude | undefined
let server: TestServer | undefined
afterEach(async () => {
  await server?.stop()
  fake?.remove()
})

async function serve(scenario: Scenario, settings: Record<string, unknown> = {}) {
  fake = fakeClaude(scenario)
  server = await startServer({ claude: fake.path, settings: { 'warm-workers': 1, ...settings } })
  return server
}

function ask(to: TestServer, stream = false): Promise<Response> {
  const messages = [{ role: 'user', content: 'hi' }]
  return to.post('/v1/chat/completions', { model: 'sonnet', stream, messages })
}

test('lines that are no JSON disturb nothing', async () => {
  const response = await ask(await serve('garbage'))
  expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'pong' } }] })
})

test('a worker that dies before it asks the model is replaced, and the client sees nothing', async () => {
  const response = await ask(await serve('dies-once-before-asking'))
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'pong' } }] })
})

test('workers that all die before they ask the model are a 502, not an endless trial', async () => {
  const response = await ask(await serve('dies-always-before-asking'))
  expect(response.status).toBe(502)
  expect(await response.json()).toMatchObject({
    error: { code: 'worker_failed', message: expect.stringContaining('exited with code 4') },
  })
})

test('a CLI that does not start is an error with its exit code for all who wait', async () => {
  const serving = await serve('dies-at-start')
  const responses = await Promise.all([ask(serving), ask(serving, true)])
  for (const response of responses) {
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({
      error: { code: 'worker_failed', message: expect.stringContaining('exited with code 3') },
    })
  }
  const ready = await fetch(`${serving.url}/ready`)
  expect(ready.status).toBe(503)
  expect(await ready.json()).toMatchObject({ reasons: [expect.stringContaining('does not start')] })
})

for (const scenario of ['dies-mid-answer', 'closes-output'] as const) {
  test(`a worker that ${scenario}: an error frame after what came, and no [DONE]`, async () => {
    const answer = await readAnswer(await ask(await serve(scenario), true))
    expect(answer).toMatchObject({ text: 'po', done: false, finishReasons: [] })
    expect(answer.errors).toMatchObject([{ code: 'worker_failed' }])
  })

  test(`a worker that ${scenario}: a plain request gets an error, not half an answer`, async () => {
    const response = await ask(await serve(scenario))
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { code: 'worker_failed' } })
  })
}

test('a CLI that leaves a tool out is found out before it asks the model', async () => {
  const serving = await serve('leaves-tools-out')
  const answer = await serving.post('/v1/chat/completions', {
    ...{ model: 'sonnet', messages: [{ role: 'user', content: 'hi' }] },
    tools: [{ type: 'function', function: { name: 'look' } }],
  })
  expect(await answer.json()).toMatchObject({
    error: { param: 'tools', message: expect.stringContaining('leaves out these tools') },
  })
  expect(answer.status).toBe(400)
  expect(fake?.asks()).toBe(0)
  // Without tools there is nothing that it could leave out.
  expect((await ask(serving)).status).toBe(200)
  expect(fake?.asks()).toBe(1)
})

test('a CLI that is silent for too long is a 504, and is ended although it ignores SIGTERM', async () => {
  const serving = await serve('hangs', { 'request-timeout': '500ms', 'warm-workers': 0 })
  const answer = ask(serving)
  await until(() => workersOf(process.pid).length > 0, GONE_MS, 'the worker')
  const worker = workersOf(process.pid)[0]?.pid ?? 0
  const response = await answer
  expect(response.status).toBe(504)
  expect(await response.json()).toMatchObject({ error: { code: 'timeout' } })
  await until(() => !isAlive(worker), GONE_MS, 'the end of the worker')
})
