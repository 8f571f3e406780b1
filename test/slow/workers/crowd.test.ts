import { afterAll, expect, test } from 'bun:test'
import { z } from 'zod'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { descendants, workersOf } from '../../support/servers/processes.ts'
import { startServer } from '../../support/servers/server.ts'
import { until } from '../../support/waiting.ts'

const Metadata = z.object({ user_id: z.string() })

const CONVERSATIONS = 50
const WORKERS = 4
const GONE_MS = 5_000

const server = await startServer({ settings: { 'max-workers': WORKERS, 'max-queue': 64 } })
let stopped: Promise<void> | undefined
const stop = () => (stopped ??= server.stop())
afterAll(stop)

test('50 conversations at once through 4 workers: each gets its own answer, and no other', async () => {
  let most = 0
  const seen = new Set<number>()
  server.api.answerWith((request) => {
    const workers = workersOf(process.pid)
    most = Math.max(most, workers.length)
    for (const { pid } of workers) seen.add(pid)
    const token = /token-[\da-f-]{36}/.exec(request.text)?.[0] ?? 'no token'
    return messageReply([{ type: 'text', text: ['you', ' said ', token] }])
  })
  const tokens = Array.from({ length: CONVERSATIONS }, () => `token-${crypto.randomUUID()}`)
  const answers = await Promise.all(
    tokens.map(async (token, index) => {
      const { choices } = await server.client.chat.completions.create({
        model: 'sonnet',
        messages: [
          // Half of them with a history, which takes other paths.
          ...(index % 2 === 0
            ? []
            : [
                { role: 'user' as const, content: 'one' },
                { role: 'assistant' as const, content: 'two' },
              ]),
          { role: 'user', content: token },
        ],
      })
      return choices[0]?.message.content
    }),
  )
  expect(answers).toEqual(tokens.map((token) => `you said ${token}`))

  expect(most).toBeLessThanOrEqual(WORKERS)
  expect(server.api.requests.length).toBe(CONVERSATIONS)
  // The session belongs to the process: few of them answered all, one conversation after another.
  const sessions = new Set(server.api.requests.map(({ body }) => sessionOf(body)))
  expect(sessions.size).toBe(seen.size)
  expect(seen.size).toBeLessThanOrEqual(WORKERS)
  const foreign = server.api.requests.map(conversationOf).filter((messages) => {
    return JSON.stringify(messages).match(/token-/g)?.length !== 1
  })
  expect(foreign).toEqual([])
}, 60_000)

test('afterwards no process is left', async () => {
  expect(workersOf(process.pid).length).toBeGreaterThan(0)
  await stop()
  await until(() => descendants(process.pid).length === 0, GONE_MS, 'the end of all workers')
})

function sessionOf(body: Record<string, unknown>): unknown {
  const { user_id } = Metadata.parse(body['metadata'])
  const user: { session_id: string } = JSON.parse(user_id)
  return user.session_id
}
