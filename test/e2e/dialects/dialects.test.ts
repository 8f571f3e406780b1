import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import type Anthropic from '@anthropic-ai/sdk'
import type OpenAI from 'openai'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { anthropicClient, textOf } from '../../support/clients/anthropic.ts'
import { ask, call, resultsIn, say, tool } from '../../support/clients/chat.ts'
import { conversationOf, systemOf } from '../../support/servers/model-api.ts'
import { startServer, type TestServer } from '../../support/servers/server.ts'

const server = await startServer()
const other = await startServer()
afterAll(() => Promise.all([server.stop(), other.stop()]))
beforeEach(() => {
  for (const { api } of [server, other]) {
    api.forget()
    // The answer repeats the question, so that no answer is taken for another.
    api.answerWith((request) => say(`answer ${conversationOf(request).length}`))
  }
})

const SYSTEM = 'Answer briefly.'
/** A worker in the midst of a turn cannot take another limit; messages must have one. */
const LIMIT = 100

async function askMessages(to: TestServer, body: Partial<Anthropic.MessageCreateParams>) {
  const { data, response } = await anthropicClient(to)
    .client.messages.create({
      ...{ model: 'sonnet', max_tokens: LIMIT, messages: [], system: SYSTEM },
      ...body,
      stream: false,
    })
    .withResponse()
  return { data, worker: response.headers.get('x-claude-max-api-worker') }
}

const askChat = (to: TestServer, messages: OpenAI.ChatCompletionMessageParam[], body = {}) =>
  ask(to, {
    max_completion_tokens: LIMIT,
    messages: [{ role: 'system', content: SYSTEM }, ...messages],
    ...body,
  })

async function askResponses(to: TestServer, input: OpenAI.Responses.ResponseInput, body = {}) {
  const { data, response } = await to.client.responses
    .create({
      ...{ model: 'sonnet', max_output_tokens: LIMIT, instructions: SYSTEM, input },
      ...{ store: false, ...body, stream: false },
    })
    .withResponse()
  return { text: data.output_text, worker: response.headers.get('x-claude-max-api-worker') }
}

const lastUpstream = ({ api }: TestServer) => {
  const request = api.requests.at(-1)
  if (!request) throw new Error('The model was not asked.')
  return { system: systemOf(request), messages: conversationOf(request) }
}
const said = (role: string, text: string) => ({ role, content: [{ type: 'text', text }] })

describe('a conversation begun in one dialect', () => {
  test('goes on in the other and back, on its own worker', async () => {
    const one = { role: 'user', content: 'one' } as const
    const first = await askChat(server, [one])
    expect(first.message.content).toBe('answer 1')

    const two = [
      one,
      { role: 'assistant', content: 'answer 1' },
      { role: 'user', content: 'two' },
    ] satisfies Anthropic.MessageParam[]
    const second = await askMessages(server, { messages: two })
    expect(textOf(second.data)).toBe('answer 3')
    expect(second.worker).toBe('resumed')

    const three = [
      ...two,
      { role: 'assistant', content: 'answer 3' },
      { role: 'user', content: 'three' },
    ] satisfies Anthropic.MessageParam[]
    const third = await askChat(server, three)
    expect(third).toMatchObject({ worker: 'resumed', message: { content: 'answer 5' } })
    expect(lastUpstream(server)).toEqual({
      system: [SYSTEM],
      messages: [
        said('user', 'one'),
        said('assistant', 'answer 1'),
        said('user', 'two'),
        said('assistant', 'answer 3'),
        said('user', 'three'),
      ],
    })
  })

  test('reads the same upstream where its worker is not, whichever dialect asks', async () => {
    const messages = [
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'answer 1' },
      { role: 'user', content: 'two' },
    ] satisfies Anthropic.MessageParam[]
    const viaMessages = await askMessages(other, { messages })
    const afterMessages = lastUpstream(other)
    const viaChat = await askChat(server, messages)
    expect([viaMessages.worker, viaChat.worker].join(' ')).toMatch(
      /^(warm|cold|rewound) (warm|cold|rewound)$/,
    )
    expect(textOf(viaMessages.data)).toBe(viaChat.message.content ?? '')
    expect(lastUpstream(server)).toEqual(afterMessages)
  })
})

describe('a tool call made in one dialect', () => {
  const look: Anthropic.Tool = {
    ...{ name: 'look', description: 'looks' },
    input_schema: { type: 'object', properties: { at: { type: 'string' } } },
  }
  const chatTool = tool('look', 'looks')
  const responsesTool: OpenAI.Responses.FunctionTool = {
    ...{ type: 'function', name: 'look', description: 'looks', strict: false },
    parameters: { type: 'object', properties: { at: { type: 'string' } } },
  }
  const go = { role: 'user', content: 'go' } as const
  const letMeSee = { type: 'text' as const, text: 'Let me see.' }
  beforeEach(() => {
    for (const { api } of [server, other]) {
      api.answerWith((request) =>
        resultsIn(request).length > 0 ? say('done') : messageReply([letMeSee, call('toolu_1')]),
      )
    }
  })

  const inMessages: Anthropic.MessageParam[] = [
    go,
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'Let me see.' },
        { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: 'toolu_1' } },
      ],
    },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'a tree' }],
    },
  ]
  const inChat: OpenAI.ChatCompletionMessageParam[] = [
    go,
    {
      role: 'assistant',
      content: 'Let me see.',
      tool_calls: [
        {
          ...{ id: 'toolu_1', type: 'function' },
          function: { name: 'look', arguments: '{"at":"toolu_1"}' },
        },
      ],
    },
    { role: 'tool', tool_call_id: 'toolu_1', content: 'a tree' },
  ]
  const inResponses: OpenAI.Responses.ResponseInput = [
    go,
    { role: 'assistant', content: 'Let me see.' },
    { type: 'function_call', call_id: 'toolu_1', name: 'look', arguments: '{"at":"toolu_1"}' },
    { type: 'function_call_output', call_id: 'toolu_1', output: 'a tree' },
  ]
  const upstream = {
    system: [SYSTEM],
    messages: [
      said('user', 'go'),
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Let me see.' },
          { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: 'toolu_1' } },
        ],
      },
      {
        role: 'user',
        content: [
          {
            ...{ type: 'tool_result', tool_use_id: 'toolu_1' },
            content: [{ type: 'text', text: 'a tree' }],
          },
        ],
      },
    ],
  }

  test('is answered in messages after chat completions, on the worker that waits', async () => {
    await askChat(server, [go], { tools: [chatTool] })
    const { data, worker } = await askMessages(server, { messages: inMessages, tools: [look] })
    expect({ text: textOf(data), worker }).toEqual({ text: 'done', worker: 'unparked' })
    expect(lastUpstream(server)).toMatchObject(upstream)
  })

  test('is answered in chat completions after messages, on the worker that waits', async () => {
    await askMessages(server, { messages: [go], tools: [look] })
    const { message, worker } = await askChat(server, inChat, { tools: [chatTool] })
    expect({ text: message.content, worker }).toEqual({ text: 'done', worker: 'unparked' })
    expect(lastUpstream(server)).toMatchObject(upstream)
  })

  test('is answered where no worker waits, by either, with the same request upstream', async () => {
    const viaChat = await askChat(other, inChat, { tools: [chatTool] })
    const seeded = lastUpstream(other)
    expect(viaChat.message.content).toBe('done')
    expect(seeded).toMatchObject(upstream)
    const viaMessages = await askMessages(server, { messages: inMessages, tools: [look] })
    expect(textOf(viaMessages.data)).toBe('done')
    expect(lastUpstream(server)).toEqual(seeded)
  })

  test('goes through all three and back to the first, on one worker', async () => {
    server.api.answerWith((request) => {
      const { length } = conversationOf(request)
      return length > 1 ? say(`answer ${length}`) : messageReply([letMeSee, call('toolu_1')])
    })
    const turns = [
      ...upstream.messages,
      said('assistant', 'answer 3'),
      said('user', 'two'),
      said('assistant', 'answer 5'),
      said('user', 'three'),
    ]
    const expectUpstream = (length: number) =>
      expect(lastUpstream(server)).toEqual({ system: [SYSTEM], messages: turns.slice(0, length) })
    const further = [
      { role: 'assistant' as const, content: 'answer 3' },
      { role: 'user' as const, content: 'two' },
    ]

    const first = await askChat(server, [go], { tools: [chatTool] })
    expect(first.message.tool_calls).toMatchObject([{ id: 'toolu_1' }])
    expectUpstream(1)

    const second = await askResponses(server, inResponses, { tools: [responsesTool] })
    expect(second).toEqual({ text: 'answer 3', worker: 'unparked' })
    expectUpstream(3)

    const third = await askMessages(server, {
      ...{ messages: [...inMessages, ...further], tools: [look] },
    })
    expect([textOf(third.data), third.worker]).toEqual(['answer 5', 'resumed'])
    expectUpstream(5)

    const last = [
      ...inChat,
      ...further,
      { role: 'assistant' as const, content: 'answer 5' },
      { role: 'user' as const, content: 'three' },
    ]
    const fourth = await askChat(server, last, { tools: [chatTool] })
    expect(fourth).toMatchObject({ message: { content: 'answer 7' }, worker: 'resumed' })
    expectUpstream(7)
    expect(server.api.requests.length).toBe(4)
  })
})
