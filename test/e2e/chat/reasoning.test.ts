import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import type OpenAI from 'openai'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { errorReply } from '../../../src/demo/model-api.ts'
import { ask, say } from '../../support/clients/chat.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer({ settings: { 'warm-workers': 1 } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const go = { role: 'user', content: 'go' } as const
const thinks = () =>
  messageReply(
    [
      { type: 'thinking', thinking: ['Let me', ' think.'] },
      { type: 'text', text: 'Yes.' },
    ],
    { usage: { output_tokens: 20, output_tokens_details: { thinking_tokens: 12 } } },
  )

describe('reasoning', () => {
  test('reasoning_effort none turns thinking off', async () => {
    await ask(server, { reasoning_effort: 'none' })
    expect(server.api.requests[0]?.body['thinking']).toBeUndefined()
  })

  test('an effort that the model refuses is left out, and named', async () => {
    server.api.answerWith(({ text }) =>
      text.includes('"effort":"max"')
        ? errorReply(400, 'invalid_request_error', "output_config.effort: 'max' is not supported")
        : say('as hard as I can'),
    )
    const { message, ignored } = await ask(server, { model: 'haiku', reasoning_effort: 'max' })
    expect([message.content, ignored]).toEqual(['as hard as I can', 'reasoning_effort'])
  })

  test('is streamed as reasoning_content before the answer, and counted', async () => {
    server.api.answerWith(thinks)
    const stream = await server.client.chat.completions.create({
      ...{ model: 'sonnet', messages: [go], stream: true },
      stream_options: { include_usage: true },
    })
    const chunks = await Array.fromAsync(stream)
    const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta as Thinking))
    expect(deltas.map((delta) => delta.reasoning_content ?? delta.content ?? '')).toEqual([
      ...['', 'Let me', ' think.', 'Yes.', ''],
    ])
    expect(chunks.at(-1)?.usage).toMatchObject({
      completion_tokens: 20,
      completion_tokens_details: { reasoning_tokens: 12 },
    })
  })

  test('is part of a whole answer', async () => {
    server.api.answerWith(thinks)
    const { message, usage } = await ask(server)
    expect(message).toMatchObject({ content: 'Yes.', reasoning_content: 'Let me think.' })
    expect(usage?.completion_tokens_details?.reasoning_tokens).toBe(12)
    // Clients send it back, but the model does not get it.
    const next = { role: 'user', content: 'Sure?' } as const
    expect((await ask(server, { messages: [go, message, next] })).worker).toBe('resumed')
  })

  test('is not shown when the owner turned it off', async () => {
    const quiet = await startServer({ settings: { reasoning: 'off', 'warm-workers': 0 } })
    try {
      quiet.api.answerWith(thinks)
      const { message, usage } = await ask(quiet)
      expect(message).toEqual(expect.not.objectContaining({ reasoning_content: expect.anything() }))
      expect(message.content).toBe('Yes.')
      expect(usage?.completion_tokens_details?.reasoning_tokens).toBe(12)
      const response = await quiet.post('/v1/chat/completions', {
        ...{ model: 'sonnet', messages: [go], stream: true },
      })
      const body = await response.text()
      expect(body).toContain('Yes.')
      expect(body).not.toContain('reasoning_content')
    } finally {
      await quiet.stop()
    }
  })
})

type Thinking = OpenAI.ChatCompletionChunk.Choice.Delta & { reasoning_content?: string }
