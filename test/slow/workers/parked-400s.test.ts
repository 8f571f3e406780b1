import { afterAll, describe, expect, test } from 'bun:test'
import { answersTo, ask, call, callsOnce, tool } from '../../support/clients/chat.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

/** Longer than any time-out that the CLI was seen to have for a tool. */
const PARKED_MS = 400_000

describe('a tool that takes its time', async () => {
  const server = await startServer({ settings: { 'warm-workers': 0 } })
  afterAll(() => server.stop())

  test(
    `a worker parked for ${PARKED_MS / 1_000} s goes on as if nothing had been`,
    async () => {
      server.api.answerWith(callsOnce(call('toolu_a'), call('toolu_b')))
      const go = { role: 'user', content: 'go' } as const
      const { message } = await ask(server, { tools: [tool()] })
      await Bun.sleep(PARKED_MS)
      expect(server.pool.snapshot()).toMatchObject({ alive: 1, parked: 1 })
      const messages = [go, message, ...answersTo(message)]
      const { message: answer, worker } = await ask(server, { tools: [tool()], messages })
      expect([answer.content, worker]).toEqual(['done', 'unparked'])
      expect(server.api.requests.length).toBe(2)
      const [, request] = server.api.requests
      expect(request && conversationOf(request).at(-1)?.content).toEqual(
        ['toolu_a', 'toolu_b'].map((id) => ({
          ...{ tool_use_id: id, type: 'tool_result' },
          content: [{ type: 'text', text: `result of ${id}` }],
        })),
      )
    },
    PARKED_MS + 180_000,
  )
})
