import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { BadRequestError, RateLimitError } from 'openai'
import { z } from 'zod'
import { messageReply } from '../../src/demo/message-stream.ts'
import { errorReply } from '../../src/demo/model-api.ts'
import { refusal, say } from '../support/chat.ts'
import { conversationOf, systemOf } from '../support/model-api.ts'
import { startServer } from '../support/server.ts'

const server = await startServer({ settings: { 'max-workers': 4 } })
afterAll(() => server.stop())
const { completions } = server.client
const Prompt = z.tuple([z.tuple([z.object({ text: z.string() })])])
const usage = { input_tokens: 10, output_tokens: 3 }

beforeEach(() => {
  server.api.forget()
  // Each answer repeats its own prompt, in two pieces.
  server.api.answerWith((request) => {
    const [[{ text }]] = Prompt.parse(conversationOf(request).map(({ content }) => content))
    return messageReply([{ type: 'text', text: ['after ', text] }], { usage })
  })
})

describe('the official SDK', () => {
  test('reads a completion', async () => {
    const completion = await completions.create({ model: 'sonnet', prompt: 'Once' })
    expect(completion).toMatchObject({
      object: 'text_completion',
      choices: [{ text: 'after Once', index: 0, logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 },
    })
    expect(completion.id).toStartWith('cmpl-')
    const [request] = server.api.requests
    expect(request && systemOf(request).join()).toContain('You complete texts.')
  })

  test('reads the choices of several prompts in order, echoed', async () => {
    const { choices, usage: sum } = await completions.create({
      ...{ model: 'sonnet', prompt: ['one ', 'two '], n: 2, echo: true },
    })
    expect(choices.map(({ index, text }) => `${index} ${text}`)).toEqual([
      ...['0 one after one ', '1 one after one ', '2 two after two ', '3 two after two '],
    ])
    expect(sum?.total_tokens).toBe(4 * 13)
  })

  test('reads a stream, piece by piece, and its usage', async () => {
    const stream = await completions.create({
      ...{ model: 'sonnet', prompt: 'Once', stream: true },
      stream_options: { include_usage: true },
    })
    const chunks = await Array.fromAsync(stream)
    expect(chunks.map(({ choices }) => choices[0]?.text)).toEqual([
      ...['after ', 'Once', '', undefined],
    ])
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason).join()).toBe(',,stop,')
    expect(chunks.at(-1)?.usage).toMatchObject({ total_tokens: 13 })
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
  })

  test('reads a stream of several prompts, told apart by index', async () => {
    const prompt = ['one', 'two', 'three']
    const stream = await completions.create({ model: 'sonnet', prompt, stream: true })
    const texts = ['', '', '']
    for await (const { choices } of stream) {
      for (const { index, text } of choices) texts[index] += text
    }
    expect(texts).toEqual(['after one', 'after two', 'after three'])
  })

  test('sets limits and stops, and is told how the text ended', async () => {
    server.api.answerWith(() => say('half', { stopReason: 'max_tokens' }))
    const { choices } = await completions.create({
      ...{ model: 'sonnet', prompt: 'Once', max_tokens: 9, stop: ['END'] },
    })
    expect(choices).toMatchObject([{ text: 'half', finish_reason: 'length' }])
    expect(server.api.requests[0]?.body).toMatchObject({ max_tokens: 9, stop_sequences: ['END'] })
  })

  test('is refused what cannot be had', async () => {
    for (const body of [{ logprobs: 2 }, { best_of: 3 }, { prompt: [1, 2, 3] }]) {
      const error = await refusal(completions.create({ model: 'sonnet', prompt: 'a', ...body }))
      expect(error).toBeInstanceOf(BadRequestError)
      expect(error).toMatchObject({ param: Object.keys(body)[0] })
    }
    expect(server.api.requests).toEqual([])
  })

  for (const stream of [false, true]) {
    test(`is told of a failure as a status, ${stream ? 'streaming' : 'plain'}`, async () => {
      server.api.answerWith(() => errorReply(429, 'rate_limit_error', 'slow down'))
      const error = await refusal(
        completions.create({ model: 'sonnet', prompt: ['a', 'b'], stream }),
      )
      expect(error).toBeInstanceOf(RateLimitError)
      expect(error).toMatchObject({ code: 'rate_limit_exceeded' })
    })
  }
})
