import { expect } from 'bun:test'
import { messageStart, sseReply } from '../../../src/demo/message-stream.ts'
import { QUESTION } from '../fakes/fake-pool.ts'
import type { TestServer } from '../servers/server.ts'
import { readAnswer } from './sse.ts'

/** Puts the one question, as a client that reads the response itself. */
export function askRaw(to: TestServer, stream: boolean, init: RequestInit = {}): Promise<Response> {
  return to.post('/v1/chat/completions', { ...QUESTION, stream }, init)
}

/** An error as a status, of a request that nothing had been said to. */
export async function expectError(response: Response, status: number, code: string) {
  expect(await response.json()).toMatchObject({ error: { code, message: expect.any(String) } })
  expect(response.status).toBe(status)
}

/** What came before the failure, and the failure as a frame; nothing that looks like an end. */
export async function expectErrorFrame(response: Response, text: string, code: string) {
  expect(response.status).toBe(200)
  const answer = await readAnswer(response)
  expect(answer).toMatchObject({ text, done: false, finishReasons: [] })
  expect(answer.errors).toMatchObject([{ code }])
}

/** `hel`, then what `rest` does. */
export function begins(rest: () => Promise<unknown>) {
  return sseReply(
    (async function* () {
      yield messageStart()
      yield { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
      yield { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hel' } }
      await rest()
      throw new Error('cut')
    })(),
  )
}
