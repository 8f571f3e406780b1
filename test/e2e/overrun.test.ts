import { afterAll, beforeEach, expect, test } from 'bun:test'
import { messageReply, type ReplyBlock } from '../../src/demo/message-stream.ts'
import { workersOf } from '../support/processes.ts'
import { readAnswer } from '../support/sse.ts'
import { startServer } from '../support/server.ts'
import { until } from '../support/waiting.ts'

/** The CLI's own second request would be a race: once is luck. */
const TIMES = 20
const AT_ONCE = 4
const GONE_MS = 10_000

const server = await startServer({
  settings: { 'max-workers': AT_ONCE, 'warm-workers': 0, 'max-queue': TIMES },
})
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const text: ReplyBlock = { type: 'text', text: ['cut', ' off'] }
type Case = [stopReason: string, blocks: ReplyBlock[], finish: string, text: string, times: number]
const cases: Case[] = [
  ['max_tokens', [text], 'length', 'cut off', TIMES],
  ['model_context_window_exceeded', [text], 'length', 'cut off', TIMES],
  ['refusal', [text], 'content_filter', 'cut off', TIMES],
  ['end_turn', [], 'stop', '', TIMES],
  ['refusal', [], 'content_filter', '', AT_ONCE],
  ['end_turn', [{ type: 'thinking', thinking: 'hm' }], 'stop', '', AT_ONCE],
  ['end_turn', [{ type: 'text', text: ' \n' }], 'stop', ' \n', AT_ONCE],
]

for (const [stopReason, blocks, finishReason, answer, times] of cases) {
  const what = blocks.map(({ type }) => type).join() || 'no content'
  test(`${stopReason} after ${what} ends the turn: the CLI asks no second time`, async () => {
    server.api.answerWith(() => messageReply(blocks, { stopReason }))
    const answers = await Promise.all(
      Array.from({ length: times }, async (_, index) => {
        const stream = index % 2 === 0
        const messages = [{ role: 'user', content: 'hi' }]
        const body = { model: 'sonnet', stream, messages }
        const response = await server.post('/v1/chat/completions', body)
        if (!stream) return wholeAnswer(await response.json())
        const { text: content, finishReasons, done } = await readAnswer(response)
        return { content, finishReason: done ? finishReasons.join() : 'not done' }
      }),
    )
    expect(answers).toEqual(Array(times).fill({ content: answer, finishReason }))
    // Only when the processes are gone can nothing more come of them.
    await until(() => workersOf(process.pid).length === 0, GONE_MS, 'the end of the workers')
    expect(server.api.requests.length).toBe(times)
  }, 30_000)
}

function wholeAnswer(body: unknown) {
  const { choices } = body as {
    choices: [{ message: { content: string }; finish_reason: string }]
  }
  return { content: choices[0].message.content, finishReason: choices[0].finish_reason }
}
