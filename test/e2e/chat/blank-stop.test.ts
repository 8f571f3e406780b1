import { afterAll, expect, test } from 'bun:test'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { estimateTextTokens } from '../../../src/conversation/tokens.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer()
afterAll(() => server.stop())

const FIRST = 'first line of several words, '.repeat(20)

test('a stop sequence of blanks ends the answer, and so does any other', async () => {
  server.api.answerWith(() =>
    messageReply([{ type: 'text', text: [FIRST.slice(0, 8), FIRST.slice(8), '\n', '\nmore'] }]),
  )
  const answer = await server.client.chat.completions.create({
    model: 'sonnet',
    messages: [{ role: 'user', content: 'hi' }],
    stop: ['\n\n', 'END'],
  })
  expect(answer.choices[0]).toMatchObject({
    finish_reason: 'stop',
    message: { content: FIRST },
  })
  // The model API reports its count at the end, which is not awaited; at the start it reports 1.
  const { prompt_tokens = 0, completion_tokens = 0, total_tokens } = answer.usage ?? {}
  expect(completion_tokens).toBeGreaterThanOrEqual(estimateTextTokens(FIRST))
  expect([prompt_tokens, total_tokens]).toEqual([11, 11 + completion_tokens])
  // The model API refuses stop sequences of white space; the others it applies itself.
  expect(server.api.requests.map(({ body }) => body['stop_sequences'])).toEqual([['END']])
})
