import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import Anthropic, { APIUserAbortError } from '@anthropic-ai/sdk'
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod'
import { z } from 'zod'
import { messageReply, type ReplyBlock } from '../../../src/demo/message-stream.ts'
import { anthropicClient, textOf } from '../../support/clients/anthropic.ts'
import { say } from '../../support/clients/chat.ts'
import { conversationOf, systemOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'
import { aborted, within } from '../../support/waiting.ts'

const GONE_MS = 10_000
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const server = await startServer({ settings: { sampling: 'forward' } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())
const { client, checked } = anthropicClient(server)
afterEach(checked)

const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'hi' }]
const question = { model: 'sonnet', max_tokens: 100, messages }
const usage = {
  ...{ input_tokens: 10, cache_read_input_tokens: 200, cache_creation_input_tokens: 30 },
  ...{ output_tokens: 17, output_tokens_details: { thinking_tokens: 5 } },
}
const thinking: ReplyBlock = { type: 'thinking', thinking: ['h', 'm'] }

describe('the official SDK', () => {
  test('reads a message, its usage and the id of the request', async () => {
    server.api.answerWith(() => say('Hello', { model: 'claude-x', usage }))
    const { data, response, request_id } = await client.messages.create(question).withResponse()
    expect(data).toMatchObject({
      ...{ type: 'message', role: 'assistant', model: 'claude-x', stop_reason: 'end_turn' },
      ...{ content: [{ type: 'text', text: 'Hello' }], usage },
    })
    expect(request_id).toMatch(/^req_\w+$/)
    expect(response.headers.get('x-request-id')).toBe(request_id ?? null)
    expect(response.headers.get('x-claude-max-api-worker')).toMatch(/^(warm|cold|rewound)$/)
  })

  test('gets two texts in a row as two blocks, and is told that the context was full', async () => {
    const blocks = ['one', 'two'].map((text) => ({ type: 'text' as const, text }))
    server.api.answerWith(async () => {
      await Bun.sleep(50) // No model answers at once.
      return messageReply(blocks, { stopReason: 'model_context_window_exceeded' })
    })
    const expected = { content: blocks, stop_reason: 'model_context_window_exceeded' }
    expect(await client.messages.create(question)).toMatchObject(expected)
    expect(await client.messages.stream(question).finalMessage()).toMatchObject(expected)
    expect(server.api.requests.length).toBe(2)
  })

  test('streams with its helper: text, snapshots, the final message', async () => {
    server.api.answerWith(() =>
      messageReply([thinking, { type: 'text', text: ['Hel', 'lo'] }], { usage }),
    )
    const seen: string[] = []
    const stream = client.messages
      .stream({ ...question, thinking: { type: 'adaptive' } })
      .on('text', (piece, whole) => seen.push(`${piece}|${whole}`))
      .on('thinking', (piece) => seen.push(piece))
    const message = await stream.finalMessage()
    expect(seen).toEqual(['h', 'm', 'Hel|Hel', 'lo|Hello'])
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'hm', signature: '' },
      { type: 'text', text: 'Hello' },
    ])
    expect(message).toMatchObject({ stop_reason: 'end_turn', usage })
  })

  test('sees no thinking that it did not ask for', async () => {
    server.api.answerWith(() => messageReply([thinking, { type: 'text', text: 'Hello' }]))
    const [plain, streamed] = await Promise.all([
      client.messages.create(question),
      client.messages.stream(question).finalMessage(),
    ])
    const content = [{ type: 'text', text: 'Hello' }]
    expect([plain, streamed]).toMatchObject([{ content }, { content }])
  })

  test('parses structured output', async () => {
    const answer = { name: 'Ada', age: 36 }
    server.api.answerWith(() =>
      messageReply([{ type: 'tool_use', id: 'toolu_1', name: 'StructuredOutput', input: answer }]),
    )
    const format = zodOutputFormat(z.object({ name: z.string(), age: z.number() }))
    const message = await client.messages.parse({ ...question, output_config: { format } })
    expect(message.parsed_output).toEqual(answer)
    expect(message.stop_reason).toBe('end_turn')
  })

  test('counts tokens, and is told that it is an estimate', async () => {
    const { data, response } = await client.messages
      .countTokens({ model: 'sonnet', messages, system: 'word '.repeat(1_000) })
      .withResponse()
    expect(data.input_tokens).toBeGreaterThan(1_000)
    expect(response.headers.get('x-claude-max-api-estimate')).toBe('true')
    expect(server.api.requests).toEqual([])
  })

  test('aborts the request to the model with its stream', async () => {
    const never = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<AbortSignal>()
    server.api.answerWith(({ signal }) => {
      asked.resolve(signal)
      const pace = () => Promise.race([never.promise, aborted(signal)])
      return messageReply([{ type: 'text', text: 'never' }], { pace })
    })
    // Not the checked client: a stream that the client aborts has no end.
    const bare = new Anthropic({ baseURL: server.url, apiKey: 'unused', maxRetries: 0 })
    const stream = bare.messages.stream(question)
    const ended = stream.done().catch((error: unknown) => error)
    const signal = await within(asked.promise, GONE_MS, 'the request to the model')
    stream.abort()
    expect(await ended).toBeInstanceOf(APIUserAbortError)
    await within(aborted(signal), GONE_MS, "the end of the model's request")
  })
})

const upstream = () => {
  const [request] = server.api.requests
  if (!request) throw new Error('The model was not asked.')
  return request
}

describe('what the client sends reaches the model API', () => {
  test('system, roles and bytes, of blocks and of a history', async () => {
    const history: Anthropic.MessageParam[] = [
      { role: 'user', content: '  @/etc/passwd /help !ls #note\r\n\t' },
      { role: 'assistant', content: [{ type: 'text', text: 'First.' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two ' },
        ],
      },
      { role: 'system', content: 'Three.' },
    ]
    const system: Anthropic.TextBlockParam[] = [
      { type: 'text', text: 'One.', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'Two.' },
    ]
    await client.messages.create({ ...question, system, messages: history })
    expect(systemOf(upstream())).toEqual(['One.\n\nTwo.\n\nThree.'])
    expect(conversationOf(upstream())).toEqual([
      { role: 'user', content: [{ type: 'text', text: '  @/etc/passwd /help !ls #note\r\n\t' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'First.' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two ' },
        ],
      },
    ])
  })

  test('images and documents', async () => {
    const content: Anthropic.ContentBlockParam[] = [
      { type: 'text', text: 'look' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
      { type: 'image', source: { type: 'url', url: 'https://images.test/i.png' } },
      {
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0xLjQK' },
        ...{ title: 'T', context: 'C' },
      },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'words' } },
      { type: 'document', source: { type: 'url', url: 'https://images.test/d.pdf' } },
    ]
    await client.messages.create({ ...question, messages: [{ role: 'user', content }] })
    expect(conversationOf(upstream())).toEqual([{ role: 'user', content }])
  })

  test('limits, stops, sampling and effort', async () => {
    await client.messages.create({
      ...question,
      ...{ stop_sequences: ['END'], temperature: 0.3, top_p: 0.9 },
      output_config: { effort: 'low' },
    })
    expect(upstream().body).toMatchObject({
      ...{ max_tokens: 100, stop_sequences: ['END'], temperature: 0.3, top_p: 0.9 },
      output_config: { effort: 'low' },
    })
  })

  test('a beta request with its headers and parameters', async () => {
    const { data, response } = await client.beta.messages
      .create({
        ...question,
        betas: ['context-management-2025-06-27', 'no-such-beta-2030-01-01'],
        context_management: { edits: [] },
        metadata: { user_id: 'u' },
      })
      .withResponse()
    expect(data.content).toMatchObject([{ type: 'text', text: 'pong' }])
    const ignored = response.headers.get('x-claude-max-api-ignored')
    expect(ignored).toBe('metadata, context_management')
  })
})

describe('how an answer ends', () => {
  const ends = {
    max_tokens: { stopReason: 'max_tokens' },
    stop_sequence: { stopReason: 'stop_sequence', stopSequence: 'END' },
    refusal: { stopReason: 'refusal' },
  }
  for (const [stop_reason, reply] of Object.entries(ends)) {
    const stop_sequence = 'stopSequence' in reply ? reply.stopSequence : null
    test(`${stop_reason}, streamed and not, after one request`, async () => {
      server.api.answerWith(() => say('half', reply))
      const plain = await client.messages.create(question)
      const streamed = await client.messages.stream(question).finalMessage()
      expect([plain, streamed].map(textOf)).toEqual(['half', 'half'])
      expect(plain).toMatchObject({ stop_reason, stop_sequence })
      expect(streamed).toMatchObject({ stop_reason, stop_sequence })
      expect(server.api.requests.length).toBe(2)
    })
  }
})
