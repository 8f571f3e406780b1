import { afterAll, expect, test } from 'bun:test'
import { messageReply } from '../../src/demo/message-stream.ts'
import { startServer } from '../support/server.ts'

const server = await startServer()
afterAll(() => server.stop())

test('a stop sequence of blanks ends the answer, and so does any other', async () => {
  server.api.answerWith(() =>
    messageReply([{ type: 'text', text: ['first li', 'ne\n', '\nsecond line'] }]),
  )
  const answer = await server.client.chat.completions.create({
    model: 'sonnet',
    messages: [{ role: 'user', content: 'hi' }],
    stop: ['\n\n', 'END'],
  })
  expect(answer.choices[0]).toMatchObject({
    finish_reason: 'stop',
    message: { content: 'first line' },
  })
  // The model API refuses blank ones, and reads the rest itself.
  expect(server.api.requests.map(({ body }) => body['stop_sequences'])).toEqual([['END']])
})
