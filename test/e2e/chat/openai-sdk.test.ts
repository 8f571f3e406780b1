import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import OpenAI from 'openai'
import { messageReply, type ReplyBlock } from '../../../src/demo/message-stream.ts'
import { call, tool } from '../../support/clients/chat.ts'
import { chatClient } from '../../support/shapes/chat-events.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())
const { client, checked } = chatClient(server)
afterEach(checked)

const { completions } = client.chat
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'hi' }]
const question = { model: 'sonnet', messages }

const usage = {
  input_tokens: 10,
  cache_read_input_tokens: 200,
  cache_creation_input_tokens: 30,
  output_tokens: 17,
  output_tokens_details: { thinking_tokens: 5 },
}
const usageSeen = {
  prompt_tokens: 240,
  completion_tokens: 17,
  total_tokens: 257,
  prompt_tokens_details: { cached_tokens: 200 },
  completion_tokens_details: { reasoning_tokens: 5 },
}

describe('the official SDK', () => {
  test('reads a plain completion', async () => {
    server.api.answerWith(() =>
      messageReply([{ type: 'text', text: ['Hel', 'lo'] }], { model: 'claude-x', usage }),
    )
    const completion = await completions.create(question)
    expect(completion).toMatchObject({
      object: 'chat.completion',
      model: 'claude-x',
      choices: [
        { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hello' } },
      ],
      usage: usageSeen,
    })
    expect(completion.id).toStartWith('chatcmpl-')
    expect(Math.abs(completion.created - Date.now() / 1000)).toBeLessThan(60)
  })

  test('reads a stream piece by piece, all of one completion, and its usage on demand', async () => {
    server.api.answerWith(() => messageReply([{ type: 'text', text: ['Hel', 'lo'] }], { usage }))
    const stream = await completions.create({
      ...question,
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks: OpenAI.ChatCompletionChunk[] = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(chunks.map(({ choices }) => choices[0]?.delta.content)).toEqual([
      ...['', 'Hel', 'lo'],
      ...[undefined, undefined],
    ])
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([
      ...[null, null, null],
      ...['stop' as const, undefined],
    ])
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
    expect(new Set(chunks.map(({ created }) => created)).size).toBe(1)
    expect(chunks.slice(0, -1).map((chunk) => chunk.usage)).toEqual([null, null, null, null])
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: usageSeen })
  })

  test('sees no usage in a stream that did not ask for it', async () => {
    const stream = await completions.create({ ...question, stream: true })
    for await (const chunk of stream) {
      expect(chunk).not.toHaveProperty('usage')
      expect(chunk.choices.length).toBe(1)
    }
  })

  test('puts a stream together with its .stream() helper', async () => {
    const runner = completions.stream(question)
    const deltas: string[] = []
    runner.on('content', (delta) => deltas.push(delta))
    expect(await runner.finalContent()).toBe('pong')
    expect(deltas.join('')).toBe('pong')
    expect((await runner.finalChatCompletion()).choices[0]?.finish_reason).toBe('stop')
  })

  test('lists models, and finds each of them', async () => {
    const { data } = await server.client.models.list()
    const ids = data.map(({ id }) => id)
    expect(ids).toEqual(expect.arrayContaining(['sonnet', 'opus', 'haiku', 'claude-opus-4']))
    const found = await Promise.all(ids.map((id) => server.client.models.retrieve(id)))
    expect(found.map(({ id }) => id)).toEqual(ids)
  })
})

type Kind = {
  body?: Partial<OpenAI.ChatCompletionCreateParamsStreaming>
  blocks?: ReplyBlock[]
  stopReason?: string
  finish: OpenAI.ChatCompletion.Choice['finish_reason']
  message?: object
}
const thoughts: ReplyBlock = { type: 'thinking', thinking: ['h', 'm'] }
const calls = [call('toolu_0'), call('toolu_1')]
const legacyFunction = { name: 'look', parameters: { type: 'object' } }
const kinds: Record<string, Kind> = {
  'cut off by its length': { stopReason: 'max_tokens', finish: 'length' },
  'cut off by a refusal': { stopReason: 'refusal', finish: 'content_filter' },
  'with thoughts': { blocks: [thoughts], finish: 'stop', message: { reasoning_content: 'hm' } },
  'that calls tools': {
    ...{ body: { tools: [tool()] }, blocks: calls, finish: 'tool_calls' },
    message: { tool_calls: [{ id: 'toolu_0' }, { id: 'toolu_1' }] },
  },
  'that calls a function, as it was before there were tools': {
    body: { functions: [legacyFunction] },
    ...{ blocks: calls.slice(0, 1), finish: 'function_call' },
    message: { function_call: { name: 'look', arguments: '{"at":"toolu_0"}' } },
  },
  'in two versions': { body: { n: 2 }, finish: 'stop', message: { content: 'so' } },
}

// `checked` holds each of them to the SDK's types.
describe('an answer', () => {
  for (const [name, kind] of Object.entries(kinds)) {
    const { body, blocks = [], stopReason, finish, message = {} } = kind

    test(`${name} says ${finish}, plain and streamed`, async () => {
      server.api.answerWith(() =>
        messageReply([...blocks, { type: 'text', text: 'so' }], stopReason ? { stopReason } : {}),
      )
      const whole = await completions.create({ ...question, ...body, stream: false })
      const expected = Array.from({ length: body?.n ?? 1 }, () => finish)
      expect(whole.choices.map(({ finish_reason }) => finish_reason)).toEqual(expected)
      for (const choice of whole.choices) expect(choice.message).toMatchObject(message)
      const chunks = await Array.fromAsync(
        await completions.create({ ...question, ...body, stream: true }),
      )
      const ends = chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])
      expect(ends).toEqual(expected)
    })
  }
})
