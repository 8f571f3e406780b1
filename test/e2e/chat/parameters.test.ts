import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import type OpenAI from 'openai'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { errorReply } from '../../../src/demo/model-api.ts'
import { ask, type Body, type Messages, refusal, say } from '../../support/clients/chat.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

// On a busy machine a worker takes seconds to start.
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
  for (const [what, body, upstream] of [
    ['max_tokens', { max_tokens: 77 }, { max_tokens: 77 }],
    ['max_completion_tokens', { max_completion_tokens: 99 }, { max_tokens: 99 }],
    ['the newer of both', { max_tokens: 1, max_completion_tokens: 98 }, { max_tokens: 98 }],
    ['stop, one', { stop: 'END' }, { stop_sequences: ['END'] }],
    ['stop, four', { stop: ['a', 'b', 'c', 'd'] }, { stop_sequences: ['a', 'b', 'c', 'd'] }],
  ] as [string, Body, object][]) {
    test(`${what} reaches the model API`, async () => {
      await ask(server, body)
      expect(sent()).toMatchObject(upstream)
    })
  }

  test('an empty stop is none', async () => {
    await ask(server, { stop: [''] })
    expect(sent()['stop_sequences']).toBeUndefined()
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

  for (const [body, param] of [
    [{ stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ max_completion_tokens: 1.5 }, 'max_completion_tokens'],
    [{ n: 5 }, 'n'],
    [{ reasoning_effort: 'huge' }, 'reasoning_effort'],
  ] as const) {
    test(`${JSON.stringify(body)} is refused`, async () => {
      const response = await post(body)
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ error: { param } })
      expect(server.api.requests.length).toBe(0)
    })
  }
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

const thinks = () =>
  messageReply(
    [
      { type: 'thinking', thinking: ['Let me', ' think.'] },
      { type: 'text', text: 'Yes.' },
    ],
    { usage: { output_tokens: 20, output_tokens_details: { thinking_tokens: 12 } } },
  )

describe('reasoning', () => {
  for (const [asked, effort] of [
    ['minimal', 'low'],
    ['low', 'low'],
    ['medium', 'medium'],
    ['high', 'high'],
    ['xhigh', 'xhigh'],
  ] as const) {
    test(`reasoning_effort ${asked} is ${effort}`, async () => {
      await ask(server, { reasoning_effort: asked })
      expect(sent()).toMatchObject({ output_config: { effort }, thinking: { type: 'adaptive' } })
    })
  }

  test('reasoning_effort none turns thinking off', async () => {
    await ask(server, { reasoning_effort: 'none' })
    expect(sent()['thinking']).toBeUndefined()
  })

  test('an effort that the model refuses is left out, and named', async () => {
    server.api.answerWith(({ text }) =>
      text.includes('"effort":"max"')
        ? errorReply(400, 'invalid_request_error', "output_config.effort: 'max' is not supported")
        : say('as hard as I can'),
    )
    const response = await post({ model: 'haiku', reasoning_effort: 'max' })
    expect([response.status, ignoredOf(response)]).toEqual([200, 'reasoning_effort'])
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

describe('images and files, in any turn', () => {
  const PNG =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  const GIF = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
  const PDF = Buffer.from('%PDF-1.4\n%âãÏÓ\nnot much of one\n%%EOF').toString('base64')
  const TEXT = 'Zeile eins\nünïcödé 🦩\n'
  type Part = OpenAI.ChatCompletionContentPart
  const parts: [string, Part, object][] = [
    [
      'a PNG',
      { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'high' } },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
    ],
    [
      'a GIF',
      { type: 'image_url', image_url: { url: `data:image/gif;base64,${GIF}` } },
      { type: 'image', source: { type: 'base64', media_type: 'image/gif', data: GIF } },
    ],
    [
      'an https URL, which nobody here fetches',
      { type: 'image_url', image_url: { url: 'https://example.com/a.png?x=1&y=2' } },
      { type: 'image', source: { type: 'url', url: 'https://example.com/a.png?x=1&y=2' } },
    ],
    [
      'a PDF',
      {
        type: 'file',
        file: { filename: 'a b.pdf', file_data: `data:application/pdf;base64,${PDF}` },
      },
      {
        ...{ type: 'document', title: 'a b.pdf' },
        source: { type: 'base64', media_type: 'application/pdf', data: PDF },
      },
    ],
    [
      'a text file',
      {
        type: 'file',
        file: {
          filename: 'notes.md',
          file_data: `data:text/markdown;charset=utf-8;base64,${Buffer.from(TEXT).toString('base64')}`,
        },
      },
      {
        ...{ type: 'document', title: 'notes.md' },
        source: { type: 'text', media_type: 'text/plain', data: TEXT },
      },
    ],
  ]
  for (const [what, part, block] of parts) {
    test(what, async () => {
      const user: Messages[number] = {
        role: 'user',
        content: [{ type: 'text', text: 'before ' }, part, { type: 'text', text: ' after' }],
      }
      await ask(server, { messages: [user, { role: 'assistant', content: 'I see.' }, user] })
      const content = [{ type: 'text', text: 'before ' }, block, { type: 'text', text: ' after' }]
      expect(server.api.requests.map(conversationOf)).toEqual([
        [
          { role: 'user', content },
          { role: 'assistant', content: [{ type: 'text', text: 'I see.' }] },
          { role: 'user', content },
        ],
      ])
    })
  }

  const audio = { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }
  for (const [what, part, param] of [
    ['audio', audio, 'messages[0].content[1].type'],
    ['a part of an unknown type', { type: 'video_url' }, 'messages[0].content[1].type'],
    [
      'an uploaded file',
      { type: 'file', file: { file_id: 'file-1' } },
      'messages[0].content[1].file.file_data',
    ],
    [
      'an image of another type',
      { type: 'image_url', image_url: { url: 'data:image/bmp;base64,AAAA' } },
      'messages[0].content[1].image_url.url',
    ],
    [
      'a file on this machine',
      { type: 'image_url', image_url: { url: 'file:///etc/passwd' } },
      'messages[0].content[1].image_url.url',
    ],
    [
      'a spreadsheet',
      { type: 'file', file: { file_data: 'data:application/vnd.ms-excel;base64,AAAA' } },
      'messages[0].content[1].file.file_data',
    ],
  ] as [string, object, string][]) {
    test(`${what} is refused, with its place`, async () => {
      const content = [{ type: 'text', text: 'hear this' }, part]
      const response = await post({ messages: [{ role: 'user', content }] })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ error: { param } })
      expect(server.api.requests.length).toBe(0)
    })
  }
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

  for (const [param, value] of Object.entries({
    logprobs: true,
    top_logprobs: 3,
    logit_bias: { '50256': -100 },
    audio: { voice: 'alloy', format: 'wav' },
    modalities: ['text', 'audio'],
    web_search_options: {},
  })) {
    test(`${param} is refused: the client would be misled`, async () => {
      const response = await post({ [param]: value })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ error: { param } })
      expect(server.api.requests.length).toBe(0)
    })
  }

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
