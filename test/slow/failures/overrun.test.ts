import { afterAll, beforeEach, expect, test } from 'bun:test'
import { messageReply, type ReplyBlock } from '../../../src/demo/message-stream.ts'
import { atRest } from '../../support/servers/at-rest.ts'
import { readAnswer } from '../../support/clients/sse.ts'
import { startServer } from '../../support/servers/server.ts'

/** The CLI's second request would be a race, so it is tried several times. */
const TIMES = 12
const AT_ONCE = 4
/** No model answers sooner. One that did, in one burst, could outrun the block: see `SecondRequestBlock`. */
const FIRST_TOKEN_MS = 50

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
    server.api.answerWith(async () => {
      await Bun.sleep(FIRST_TOKEN_MS)
      return messageReply(blocks, { stopReason })
    })
    const answers = await Promise.all(
      Array.from({ length: times }, async (_, index) => {
        const stream = index % 2 === 0
        const messages = [{ role: 'user', content: 'hi' }]
        const body = { model: 'sonnet', stream, messages }
        const response = await server.post('/v1/chat/completions', body)
        if (!stream) return wholeAnswer(await response.text())
        const { text: content, finishReasons, done } = await readAnswer(response)
        return { content, finishReason: done ? finishReasons.join() : 'not done' }
      }),
    )
    expect(answers).toEqual(answers.map(() => ({ content: answer, finishReason })))
    expect(answers.length).toBe(times)
    await atRest(server)
    expect(server.api.requests.length).toBe(times)
  })
}

type Completion = { choices: [{ message: { content: string }; finish_reason: string }] }

function wholeAnswer(body: string) {
  const { choices }: Completion = JSON.parse(body)
  return { content: choices[0].message.content, finishReason: choices[0].finish_reason }
}
