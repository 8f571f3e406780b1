import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { BadRequestError } from 'openai'
import type OpenAI from 'openai'
import { z } from 'zod'
import { messageReply, type ReplyOptions } from '../../../src/demo/message-stream.ts'
import { refusal, say } from '../../support/clients/chat.ts'
import { textClient } from '../../support/shapes/completions-events.ts'
import { conversationOf, systemOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer({ settings: { 'max-workers': 4 } })
afterAll(() => server.stop())
const { client, checked } = textClient(server)
afterEach(checked)
const { completions } = client
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

type Body = Partial<OpenAI.CompletionCreateParamsStreaming>

/** A whole stream, and the text of each of its choices. */
async function streamed(body: Body) {
  const stream = await completions.create({ model: 'sonnet', prompt: '', ...body, stream: true })
  const chunks = await Array.fromAsync(stream)
  const texts: string[] = []
  for (const { index, text } of chunks.flatMap(({ choices }) => choices)) {
    texts[index] = (texts[index] ?? '') + text
  }
  return { chunks, texts }
}

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

  test('sees no usage in a stream that did not ask for it', async () => {
    const { chunks } = await streamed({ prompt: 'Once' })
    for (const chunk of chunks) expect(chunk).not.toHaveProperty('usage')
  })

  test('reads a stream of more prompts than there are workers, told apart by index, and the sum of their usage', async () => {
    const { texts, chunks } = await streamed({
      ...{ prompt: ['one', 'two', 'three', 'four', 'five'] },
      stream_options: { include_usage: true },
    })
    expect(texts).toEqual(['after one', 'after two', 'after three', 'after four', 'after five'])
    expect(chunks.at(-1)?.usage).toMatchObject({ completion_tokens: 15, total_tokens: 65 })
  })

  test('reads the prompt of each choice before its text in a stream, if it is to be echoed', async () => {
    const { texts, chunks } = await streamed({ prompt: ['one ', 'two '], n: 2, echo: true })
    expect(texts).toEqual([
      ...['one after one ', 'one after one ', 'two after two ', 'two after two '],
    ])
    const firsts = [0, 1, 2, 3].map((index) =>
      chunks.flatMap(({ choices }) => choices).find((choice) => choice.index === index),
    )
    expect(firsts.map((choice) => choice?.text)).toEqual(['one ', 'one ', 'two ', 'two '])
  })

  test('has a gap filled that stands before a suffix', async () => {
    server.api.answerWith(() => say('1'))
    const { choices } = await completions.create({
      ...{ model: 'sonnet', prompt: 'x = ', suffix: '\nreturn x' },
    })
    expect(choices).toMatchObject([{ text: '1', finish_reason: 'stop' }])
    const [request] = server.api.requests
    expect(request && systemOf(request).join()).toContain('You fill gaps in texts.')
    expect(request && conversationOf(request)).toEqual([
      {
        role: 'user',
        content: [{ type: 'text', text: '<before>x = </before>\n<after>\nreturn x</after>' }],
      },
    ])
  })

  test('learns from a header what is ignored', async () => {
    for (const stream of [false, true]) {
      const response = await completions
        .create({ ...{ model: 'sonnet', prompt: 'Once', seed: 1, presence_penalty: 1 }, stream })
        .asResponse()
      await response.text()
      expect(response.headers.get('x-claude-max-api-ignored')).toBe('presence_penalty, seed')
    }
  })

  test('is refused what cannot be had', async () => {
    for (const body of [{ logprobs: 2 }, { best_of: 3 }, { prompt: [1, 2, 3] }]) {
      const error = await refusal(completions.create({ model: 'sonnet', prompt: 'a', ...body }))
      expect(error).toBeInstanceOf(BadRequestError)
      expect(error).toMatchObject({ param: Object.keys(body)[0] })
    }
    expect(server.api.requests).toEqual([])
  })
})

describe('limits and stops', () => {
  for (const [what, body, upstream] of [
    ['max_tokens', { max_tokens: 9 }, { max_tokens: 9 }],
    ['stop, one', { stop: 'END' }, { stop_sequences: ['END'] }],
    ['stop, four', { stop: ['a', 'b', 'c', 'd'] }, { stop_sequences: ['a', 'b', 'c', 'd'] }],
  ] as [string, Body, object][]) {
    test(`${what} reaches the model API, for each prompt`, async () => {
      await completions.create({ model: 'sonnet', prompt: ['a', 'b'], ...body, stream: false })
      expect(server.api.requests.map((request) => request.body)).toMatchObject([upstream, upstream])
    })
  }

  const ends: Record<string, { reply: ReplyOptions; finish: string }> = {
    'its length': { reply: { stopReason: 'max_tokens' }, finish: 'length' },
    'a stop': { reply: { stopReason: 'stop_sequence', stopSequence: 'END' }, finish: 'stop' },
    'a refusal': { reply: { stopReason: 'refusal' }, finish: 'content_filter' },
  }
  for (const [what, { reply, finish }] of Object.entries(ends)) {
    test(`a text that was ended by ${what} says ${finish}, plain and streamed`, async () => {
      server.api.answerWith(() => say('half', reply))
      const body = { prompt: 'Once', max_tokens: 9, stop: 'END' }
      const { choices } = await completions.create({ model: 'sonnet', ...body })
      expect(choices).toMatchObject([{ text: 'half', finish_reason: finish }])
      const { texts, chunks } = await streamed(body)
      expect(texts).toEqual(['half'])
      expect(chunks.at(-1)?.choices).toMatchObject([{ finish_reason: finish }])
    })
  }
})
