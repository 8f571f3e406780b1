import { afterAll, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { neutralDir } from '../../../src/claude/process/neutral-dir.ts'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { allProcesses, workersOf, workingDirectory } from '../../support/servers/processes.ts'
import { startServer } from '../../support/servers/server.ts'
import { within } from '../../support/waiting.ts'

const REQUEST_MS = 15_000
const HELD = 2

const apiKey = `owner-key-${crypto.randomUUID()}`
const server = await startServer({
  settings: { 'warm-workers': 2, 'max-workers': 4, 'api-key': apiKey },
  // Variables of this server, which the CLI must not get.
  env: { CLAUDE_MAX_API_API_KEY: apiKey },
})
afterAll(() => server.stop())

/** Asks with a secret in every place, and looks around while the model API keeps it waiting. */
async function whileHeld(secret: string, look: () => void | Promise<void>): Promise<void> {
  const answer = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  let waiting = 0
  server.api.answerWith(async () => {
    if (++waiting === HELD) asked.resolve()
    await answer.promise
    return messageReply([{ type: 'text', text: 'done' }])
  })
  const question = {
    model: 'sonnet',
    messages: [
      { role: 'system', content: `system ${secret}` },
      { role: 'user', content: `first ${secret}` },
      { role: 'assistant', content: `answer ${secret}` },
      { role: 'user', content: `last ${secret}` },
    ],
  }
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` }
  const ask = () => server.post('/v1/chat/completions', question, { headers })
  const responses = Promise.all(Array.from({ length: HELD }, ask))
  try {
    await within(asked.promise, REQUEST_MS, 'the requests to the model')
    expect(server.api.requests.every(({ text }) => text.includes(`last ${secret}`))).toBe(true)
    await look()
  } finally {
    answer.resolve()
    server.api.forget()
  }
  expect((await responses).map(({ status }) => status)).toEqual(Array<number>(HELD).fill(200))
}

test('nothing of a conversation is in the arguments or environment of any process', async () => {
  const secret = `secret-${crypto.randomUUID()}`
  await whileHeld(secret, () => {
    expect(workersOf(process.pid).length).toBeGreaterThanOrEqual(HELD)
    const leaks = allProcesses().filter(({ argv, environ }) => (argv + environ).includes(secret))
    expect(leaks.map(({ argv }) => argv)).toEqual([])
  })
})

test('the key of the API is in no argument and no environment of a worker', async () => {
  await whileHeld('x', () => {
    const workers = workersOf(process.pid)
    expect(workers.length).toBeGreaterThanOrEqual(HELD)
    for (const { argv, environ } of workers) expect(argv + environ).not.toContain(apiKey)
  })
})

test('nothing of a conversation is written to a file', async () => {
  const secret = `secret-${crypto.randomUUID()}`
  const found = () => [server.home, neutralDir().temp].flatMap(filesBelow).filter(holds(secret))
  let during: string[] = ['not looked']
  await whileHeld(secret, () => {
    during = found()
  })
  expect(during).toEqual([])
  expect(found()).toEqual([])
})

test('every worker runs in the same empty directory, which names nobody', async () => {
  await whileHeld('x', () => {
    const places = workersOf(process.pid).map(({ pid }) => workingDirectory(pid))
    expect(places.length).toBeGreaterThanOrEqual(HELD)
    expect([...new Set(places)]).toEqual([neutralDir().cwd])
    expect(readdirSync(neutralDir().cwd)).toEqual([])
    expect(neutralDir().cwd).toMatch(/^\/tmp\/claude-max-api-\d+\/cwd$/)
  })
})

function holds(secret: string) {
  // A file may go between the listing and the reading.
  return (path: string) => existsSync(path) && readFileSync(path).includes(secret)
}

function filesBelow(folder: string): string[] {
  const paths = readdirSync(folder).map((name) => join(folder, name))
  return paths.flatMap((path) => {
    if (!existsSync(path)) return []
    const stat = statSync(path)
    if (stat.isDirectory()) return filesBelow(path)
    return stat.isFile() ? [path] : []
  })
}
