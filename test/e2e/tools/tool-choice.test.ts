import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { messageReply, type ReplyBlock } from '../../../src/demo/message-stream.ts'
import { errorReply } from '../../../src/demo/model-api.ts'
import {
  answersTo,
  ask,
  type Body,
  call,
  callsOnce,
  type Messages,
  refusal,
  resultsIn,
  say,
  tool,
} from '../../support/clients/chat.ts'
import { conversationOf, systemOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const go = { role: 'user', content: 'go' } as const
const tools = [tool('look'), tool('listen')]
const named = (name: string) => ({ type: 'function', function: { name } }) as const
const offered = () => server.api.requests[0]?.body.tools?.map(({ name }) => name).toSorted()

describe('what the model API is told', () => {
  test('one tool, once', async () => {
    await ask(server, { tools, tool_choice: named('look'), parallel_tool_calls: false })
    expect(server.api.requests.map((request) => request.body['tool_choice'])).toEqual([
      { type: 'tool', name: 'look', disable_parallel_tool_use: true },
    ])
    expect(offered()).toEqual(['listen', 'look'])
  })

  test('some of the tools', async () => {
    await ask(server, {
      tools,
      tool_choice: {
        type: 'allowed_tools',
        allowed_tools: { mode: 'required', tools: [named('listen')] },
      },
    })
    expect(server.api.requests.map((request) => request.body['tool_choice'])).toEqual([
      { type: 'any' },
    ])
    expect(offered()).toEqual(['listen'])
  })
})

/** Each test that uses this asks another model, because what one refuses is remembered. */
const refusing = (...then: ReplyBlock[]) =>
  server.api.answerWith((request) => {
    const { tool_choice } = request.body
    if (tool_choice === undefined) return callsOnce(...then)(request)
    const message = 'Thinking may not be enabled when tool_choice forces tool use.'
    return errorReply(400, 'invalid_request_error', message)
  })
const forced = () => server.api.requests.map(({ body }) => body['tool_choice'] !== undefined)
const lastSystem = () => {
  const last = server.api.requests.at(-1)
  return last && systemOf(last)
}

describe('a model that refuses tool_choice', () => {
  test('is asked once more, in words; the next request asks in words at once', async () => {
    refusing(call('toolu_a', 'listen'))
    const body: Body = { model: 'opus', tools, tool_choice: named('listen') }
    const system = { role: 'system', content: 'Be good.' } as const
    const messages: Messages = [system, go]
    const first = await ask(server, { ...body, messages })
    expect(first.message.tool_calls?.map((made) => made.id)).toEqual(['toolu_a'])
    expect(first.ignored).toBe('tool_choice')
    expect(forced().filter((one) => !one).length).toBe(1)
    expect(lastSystem()).toEqual(['Be good.\n\nAnswer by calling the tool listen.'])
    expect(server.api.requests.at(-1)?.body.tools?.map(({ name }) => name)).toEqual(['listen'])

    server.api.requests.length = 0
    const second = await ask(server, {
      ...body,
      messages: [system, { role: 'user', content: 'b' }],
    })
    expect(second.ignored).toBe('tool_choice')
    expect(forced()).toEqual([false])
    expect(lastSystem()).toEqual(['Be good.\n\nAnswer by calling the tool listen.'])

    // The instruction was for one request, and so was the choice of tools.
    server.api.requests.length = 0
    const results = answersTo(first.message)
    const third = await ask(server, {
      ...{ model: 'opus', tools, messages: [...messages, first.message, ...results] },
    })
    expect([third.message.content, third.ignored]).toEqual(['done', null])
    expect(lastSystem()).toEqual(['Be good.'])
    expect(offered()).toEqual(['listen', 'look'])
  })

  test('required and one at a time, in words', async () => {
    refusing(call('toolu_a'), call('toolu_b'))
    const body: Body = {
      model: 'haiku',
      tools,
      tool_choice: 'required',
      parallel_tool_calls: false,
    }
    const { message } = await ask(server, body)
    expect(lastSystem()).toEqual(['Answer by calling one of the tools. Call at most one tool.'])
    // And what the model does not heed is cut all the same.
    expect(message.tool_calls?.map((made) => made.id)).toEqual(['toolu_a'])
  })

  test('none: there are no tools to call', async () => {
    refusing()
    server.api.requests.length = 0
    const body: Body = { model: 'fable', tools, tool_choice: 'none' }
    server.api.answerWith(({ body: sent }) =>
      sent['tool_choice'] === undefined
        ? say('no calls')
        : errorReply(400, 'invalid_request_error', 'tool_choice: none is not supported'),
    )
    const { message, ignored } = await ask(server, body)
    expect([message.content, ignored]).toEqual(['no calls', 'tool_choice'])
    expect(server.api.requests.at(-1)?.body.tools ?? []).toEqual([])
  })

  test('another 400 is the answer, at once', async () => {
    server.api.answerWith(() => errorReply(400, 'invalid_request_error', 'messages.0: no good'))
    expect(await refusal(ask(server, { tools, tool_choice: 'required' }))).toMatchObject({
      status: 400,
      message: expect.stringContaining('messages.0: no good'),
    })
  })
})

describe('a model that does not obey', () => {
  // Each request asks the model once, whatever is cut off.
  let asked = 0
  afterEach(() => expect(server.api.requests.length).toBe(asked))

  type Case = {
    what: string
    body: Body
    blocks: ReplyBlock[]
    kept: string[]
    finish: string
    content: string | null
  }
  const cases: Case[] = [
    {
      what: 'a second call, where one was asked for, is dropped',
      body: { parallel_tool_calls: false },
      blocks: [call('toolu_a'), call('toolu_b')],
      ...{ kept: ['toolu_a'], finish: 'tool_calls', content: null },
    },
    {
      what: 'a call of another tool than the named one is dropped',
      body: { tool_choice: named('listen') },
      blocks: [call('toolu_a', 'look'), call('toolu_b', 'listen')],
      ...{ kept: ['toolu_b'], finish: 'tool_calls', content: null },
    },
    {
      what: 'a call where none was allowed is dropped, and the text is the answer',
      body: { tool_choice: 'none' },
      blocks: [{ type: 'text', text: 'I shall look.' }, call('toolu_a')],
      ...{ kept: [], finish: 'stop', content: 'I shall look.' },
    },
    {
      what: 'nothing but the wrong call leaves an answer without text',
      body: { tool_choice: 'none' },
      blocks: [call('toolu_a')],
      ...{ kept: [], finish: 'stop', content: '' },
    },
  ]
  for (const { what, body, blocks, kept, finish, content } of cases) {
    test(what, async () => {
      asked = 2
      server.api.answerWith((request) =>
        /tool_result|well/.test(request.text) ? say('on we go') : messageReply(blocks),
      )
      const first = await ask(server, { tools, ...body })
      expect(first.message.tool_calls?.map((made) => made.id) ?? []).toEqual(kept)
      expect([first.finish, first.message.content]).toEqual([finish, content])

      // The conversation continues as the client has it.
      const answers = answersTo(first.message)
      const next = answers.length > 0 ? answers : [{ role: 'user' as const, content: 'well?' }]
      const second = await ask(server, { tools, messages: [go, first.message, ...next] })
      expect(second.message.content).toBe('on we go')
      expect(['warm', 'cold', 'rewound']).toContain(second.worker ?? '')
      const last = server.api.requests.at(-1)
      expect(last && resultsIn(last).map((one) => one.tool_use_id)).toEqual(kept)
      const history = JSON.stringify(last && conversationOf(last).slice(0, 2))
      const uses = [...history.matchAll(/"id":"(toolu_\w)"/g)].map(([, id]) => id)
      expect(uses).toEqual(kept)
    })
  }

  test('what is dropped is not streamed either', async () => {
    asked = 1
    server.api.answerWith(() => messageReply([call('toolu_a'), call('toolu_b', 'listen')]))
    const stream = await server.client.chat.completions.create({
      ...{ model: 'sonnet', stream: true, messages: [go], tools, tool_choice: named('listen') },
    })
    const choices = (await Array.fromAsync(stream)).map((chunk) => chunk.choices[0])
    const deltas = choices.flatMap((choice) => choice?.delta.tool_calls ?? [])
    expect(new Set(deltas.map(({ index }) => index))).toEqual(new Set([0]))
    expect(deltas.flatMap(({ id }) => id ?? [])).toEqual(['toolu_b'])
    expect(choices.at(-1)?.finish_reason).toBe('tool_calls')
  })

  for (const [what, calls] of [
    ['a call of a tool that nobody offered', [call('toolu_a', 'smell')]],
    ['such a call beside a good one', [call('toolu_a'), call('toolu_b', 'smell')]],
    ['arguments that are no object', [call('toolu_a', 'look', 'sky')]],
  ] as [string, ReplyBlock[]][]) {
    test(`${what} is for the client to judge, not for the CLI`, async () => {
      asked = 2
      server.api.answerWith(callsOnce(...calls))
      const { message, finish } = await ask(server, { tools })
      expect(message.tool_calls?.length).toBe(calls.length)
      expect(finish).toBe('tool_calls')
      const answers = answersTo(message)
      const next = await ask(server, { tools, messages: [go, message, ...answers] })
      expect(next.message.content).toBe('done')
      const last = server.api.requests.at(-1)
      expect(last && resultsIn(last).map(({ content }) => content)).toEqual(
        answers.map(({ content }) => [{ type: 'text', text: content }]),
      )
    })
  }
})

test('tools of kinds that only OpenAI can run are named as ignored, the others stay', async () => {
  const response = await server.post('/v1/chat/completions', {
    ...{ model: 'sonnet', messages: [go] },
    tools: [{ type: 'web_search' }, tool('look'), { type: 'namespace', name: 'x', tools: [] }],
  })
  expect(response.status).toBe(200)
  expect(response.headers.get('x-claude-max-api-ignored')).toBe(
    'tools[0] (web_search), tools[2] (namespace)',
  )
  expect(offered()).toEqual(['look'])
})
