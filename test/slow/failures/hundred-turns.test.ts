import { afterAll, describe, expect, test } from 'bun:test'
import { ask, say } from '../../support/clients/chat.ts'
import { atRest } from '../../support/servers/at-rest.ts'
import { startServer } from '../../support/servers/server.ts'

const TURNS = 100
const AT_ONCE = 4

describe('max_tokens', async () => {
  const server = await startServer({ settings: { 'max-workers': AT_ONCE, 'warm-workers': 0 } })
  afterAll(() => server.stop())

  for (const firstTokenMs of [0, 50]) {
    test(`${TURNS} turns cut off, first token after ${firstTokenMs} ms`, async () => {
      server.api.requests.length = 0
      server.api.answerWith(async () => {
        await Bun.sleep(firstTokenMs)
        return say('cut', { stopReason: 'max_tokens' })
      })
      let left = TURNS
      const finishes: string[] = []
      const client = async () => {
        while (left-- > 0) finishes.push((await ask(server, { max_tokens: 5 })).finish)
      }
      await Promise.all(Array.from({ length: AT_ONCE }, client))
      await atRest(server)
      const second = server.api.requests.length - TURNS
      console.log(`second requests in ${TURNS} turns: ${second}`)
      expect(finishes).toEqual(Array.from({ length: TURNS }, () => 'length'))
      expect(second).toBe(0)
    }, 600_000)
  }
})
