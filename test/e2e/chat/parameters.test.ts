import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { errorReply } from '../../../src/demo/model-api.ts'
import { ask, refusal, say } from '../../support/clients/chat.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const go = { role: 'user', content: 'go' } as const
const sent = (): Record<string, unknown> => server.api.requests[0]?.body ?? {}

/** For what the SDK's types do not know. */
const post = (body: object) =>
  server.post('/v1/chat/completions', { model: 'sonnet', messages: [go], ...body })
const ignoredOf = (response: Response) => response.headers.get('x-claude-max-api-ignored')

describe('limits and stops', () => {
  test('reach the model API, all at once', async () => {
    await ask(server, {
      ...{ max_tokens: 1, max_completion_tokens: 98, stop: ['a', 'b', 'c', 'd'] },
      reasoning_effort: 'minimal',
    })
    expect(sent()).toMatchObject({
      ...{ max_tokens: 98, stop_sequences: ['a', 'b', 'c', 'd'] },
      ...{ output_config: { effort: 'low' }, thinking: { type: 'adaptive' } },
    })
  })

  test('an answer that was cut off says length', async () => {
    server.api.answerWith(() => say('cut', { stopReason: 'max_tokens' }))
    const { finish, message } = await ask(server, { max_tokens: 3 })
    expect([finish, message.content]).toEqual(['length', 'cut'])
  })

  test('an answer that ran into a stop says stop', async () => {
    server.api.answerWith(() => say('so far', { stopReason: 'stop_sequence', stopSequence: 'END' }))
    const { finish, message } = await ask(server, { stop: 'END' })
    expect([finish, message.content]).toEqual(['stop', 'so far'])
  })

  test('a stop that the model API refuses is left out, and named', async () => {
    server.api.answerWith(({ body }) =>
      body['stop_sequences']
        ? errorReply(400, 'invalid_request_error', 'stop_sequences: not supported by this model')
        : say('all of it'),
    )
    const { message, ignored } = await ask(server, { model: 'opus', stop: 'END' })
    expect([message.content, ignored]).toEqual(['all of it', 'stop'])
  })
})

const numbered = () => {
  let number = 0
  server.api.answerWith(() => say(`answer ${number++}`))
}

describe('n', () => {
  test('asks that many workers and numbers their answers', async () => {
    numbered()
    const completion = await server.client.chat.completions.create({
      ...{ model: 'sonnet', messages: [go], n: 3 },
    })
    const contents = completion.choices.map(({ message }) => message.content)
    expect(completion.choices.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(new Set(contents)).toEqual(new Set(['answer 0', 'answer 1', 'answer 2']))
    expect(completion.usage).toMatchObject({ prompt_tokens: 33, completion_tokens: 21 })
    expect(server.api.requests.length).toBe(3)
  })

  test('streams them side by side, one usage for all', async () => {
    numbered()
    const stream = await server.client.chat.completions.create({
      ...{ model: 'sonnet', messages: [go], n: 2, stream: true },
      stream_options: { include_usage: true },
    })
    const chunks = await Array.fromAsync(stream)
    const textOf = (index: number) =>
      chunks
        .flatMap(({ choices }) => choices.filter((one) => one.index === index))
        .map(({ delta }) => delta.content ?? '')
        .join('')
    expect(new Set([0, 1].map(textOf))).toEqual(new Set(['answer 0', 'answer 1']))
    expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual([
      'stop',
      'stop',
    ])
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 14 } })
  })
})

describe('what a request says and the model API does not know', () => {
  test('is ignored and named', async () => {
    const response = await post({
      ...{ temperature: 0.5, top_p: 0.9, frequency_penalty: 1, presence_penalty: 1, seed: 7 },
      ...{ user: 'u1', metadata: { a: 'b' }, store: true, service_tier: 'flex', verbosity: 'low' },
    })
    expect(response.status).toBe(200)
    expect(ignoredOf(response)?.split(', ').toSorted()).toEqual([
      ...['frequency_penalty', 'metadata', 'presence_penalty', 'seed', 'service_tier', 'store'],
      ...['temperature', 'top_p', 'user', 'verbosity'],
    ])
    expect(sent()).not.toHaveProperty('temperature')
  })

  test('is not worth a word where it asks for nothing', async () => {
    const response = await post({
      ...{ frequency_penalty: 0, presence_penalty: 0, user: '', metadata: {}, store: false },
      ...{ logprobs: false, top_logprobs: null, logit_bias: {}, service_tier: 'auto' },
      ...{ modalities: ['text'], n: 1, stop: null, tools: null, response_format: null, seed: null },
    })
    expect([response.status, ignoredOf(response)]).toEqual([200, null])
  })

  test('breaks nothing, whatever clients send', async () => {
    const ephemeral = { type: 'ephemeral' }
    const response = await post({
      messages: [
        { role: 'system', content: 'Be good.', cache_control: ephemeral, name: 'sys' },
        {
          role: 'user',
          content: [{ type: 'text', text: 'a', cache_control: ephemeral }],
          id: 'i1',
        },
        {
          ...{
            role: 'assistant',
            content: '',
            reasoning_content: 'hm',
            audio: null,
            refusal: null,
          },
          tool_calls: [
            {
              ...{ id: 'call_1', type: 'function', index: 0, cache_control: ephemeral },
              function: { name: 'look', arguments: '{}', parsed_arguments: {} },
            },
          ],
        },
        {
          role: 'tool',
          tool_call_id: 'call_1',
          content: 'x',
          name: 'look',
          cache_control: ephemeral,
        },
        { role: 'assistant', content: [{ type: 'text', text: 'b' }], annotations: [], name: 'bot' },
        { role: 'user', content: 'c', name: 'bob' },
      ],
      tools: [
        {
          ...{ type: 'function', cache_control: ephemeral, eager_input_streaming: true },
          function: {
            ...{ name: 'look', strict: null },
            parameters: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' },
          },
        },
      ],
      ...{ prompt_cache_key: '', client_metadata: { a: 1 }, include: null, reasoning: {} },
      ...{ truncation: null, safety_identifier: '', extra_body: { a: 1 }, thinking: { a: 1 } },
      ...{ stream_options: null, parallel_tool_calls: null, session_id: 's', x_made_up: [1, 2] },
    })
    expect(response.status).toBe(200)
    expect(ignoredOf(response)?.split(', ')).toEqual([
      ...['messages[0].name', 'messages[1].id', 'messages[3].name', 'messages[4].name'],
      ...['messages[5].name', 'tools[0].eager_input_streaming', 'client_metadata', 'extra_body'],
      ...['thinking', 'session_id', 'x_made_up'],
    ])
    const [request] = server.api.requests
    expect(request && conversationOf(request).map(({ role }) => role)).toEqual([
      ...['user', 'assistant', 'user', 'assistant', 'user'],
    ])
    expect(request?.body.tools?.[0]?.['input_schema']).toEqual({
      ...{ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' },
    })
  })
})

describe('the owner may want it otherwise', () => {
  test('strict parameters: what would be ignored is refused', async () => {
    const strict = await startServer({ settings: { 'strict-parameters': true, 'warm-workers': 0 } })
    try {
      expect(await refusal(ask(strict, { seed: 7 }))).toMatchObject({ status: 400, param: 'seed' })
      expect(await refusal(ask(strict, { temperature: 1 }))).toMatchObject({ param: 'temperature' })
      expect((await ask(strict, { max_tokens: 9 })).message.content).toBe('pong')
    } finally {
      await strict.stop()
    }
  })

  test('sampling forward: sent, and left out once for a model that refuses it', async () => {
    const open = await startServer({ settings: { sampling: 'forward' } })
    try {
      await ask(open, { temperature: 1.5, top_p: 0.4 })
      // The highest value of the model API is 1.
      expect(open.api.requests[0]?.body).toMatchObject({ temperature: 1, top_p: 0.4 })
      open.api.answerWith(({ body }) =>
        body['temperature'] === undefined
          ? say('cool')
          : errorReply(400, 'invalid_request_error', '`temperature` may only be set to 1'),
      )
      const { message, ignored } = await ask(open, { temperature: 0.2 })
      expect([message.content, ignored]).toEqual(['cool', 'temperature'])
      open.api.requests.length = 0
      expect((await ask(open, { temperature: 0.2 })).ignored).toBe('temperature')
      expect(open.api.requests.length).toBe(1)
    } finally {
      await open.stop()
    }
  })
})
