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
import { framesOf } from '../../support/clients/sse.ts'

// On a busy machine a worker takes seconds to start.
const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const go = { role: 'user', content: 'go' } as const
const tools = [tool('look'), tool('listen')]
const named = (name: string) => ({ type: 'function', function: { name } }) as const
const allowed = (mode: 'auto' | 'required'): Body => ({
  tool_choice: { type: 'allowed_tools', allowed_tools: { mode, tools: [named('listen')] } },
})

const offered = () => server.api.requests[0]?.body.tools?.map(({ name }) => name).toSorted()

describe('what the model API is told', () => {
  const one = { disable_parallel_tool_use: true }
  const cases: [string, Body, object | undefined, string[]?][] = [
    ['nothing said', {}, undefined],
    ['auto', { tool_choice: 'auto' }, undefined],
    ['none', { tool_choice: 'none' }, { type: 'none' }],
    ['required', { tool_choice: 'required' }, { type: 'any' }],
    ['a function', { tool_choice: named('listen') }, { type: 'tool', name: 'listen' }],
    ['one at a time', { parallel_tool_calls: false }, { type: 'auto', ...one }],
    [
      'one, and one at least',
      { tool_choice: 'required', parallel_tool_calls: false },
      { type: 'any', ...one },
    ],
    [
      'a function, once',
      { tool_choice: named('look'), parallel_tool_calls: false },
      { type: 'tool', name: 'look', ...one },
    ],
    ['some tools', allowed('auto'), undefined, ['listen']],
    ['some tools, one of them', allowed('required'), { type: 'any' }, ['listen']],
  ]
  for (const [what, body, expected, names = ['listen', 'look']] of cases) {
    test(what, async () => {
      await ask(server, { tools, ...body })
      expect(server.api.requests.map((request) => request.body['tool_choice'])).toEqual([expected])
      expect(offered()).toEqual(names)
    })
  }

  for (const [what, body] of [
    ['a function that is not there', { tools, tool_choice: named('smell') }],
    ['a call, but no tools', { tool_choice: 'required' }],
  ] as [string, Body][]) {
    test(`${what} is refused`, async () => {
      expect(await refusal(ask(server, body))).toMatchObject({ status: 400, param: 'tool_choice' })
      expect(server.api.requests.length).toBe(0)
    })
  }
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
      expect(['warm', 'cold']).toContain(second.worker ?? '')
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

const made = (at: string) =>
  ({
    role: 'assistant',
    content: null,
    function_call: { name: 'look', arguments: `{"at":"${at}"}` },
  }) as const
const result = (content: string) => ({ role: 'function', name: 'look', content }) as const

describe('functions, as they were before tools', () => {
  const functions = [tool('look').function, tool('listen').function]

  test('are offered, called and answered', async () => {
    server.api.answerWith(callsOnce(call('toolu_a', 'look', { at: 'sky' })))
    const first = await ask(server, { functions, function_call: { name: 'look' } })
    expect(first.finish).toBe('function_call')
    expect(first.message.function_call).toEqual({ name: 'look', arguments: '{"at":"sky"}' })
    expect(first.message.tool_calls).toBeUndefined()
    expect(server.api.requests[0]?.body['tool_choice']).toEqual({
      ...{ type: 'tool', name: 'look', disable_parallel_tool_use: true },
    })
    const messages: Messages = [go, first.message, result('blue')]
    const second = await ask(server, { functions, messages })
    expect([second.message.content, second.worker]).toEqual(['done', 'unparked'])
    const last = server.api.requests.at(-1)
    expect(last && resultsIn(last)[0]?.content).toEqual([{ type: 'text', text: 'blue' }])
  })

  test('are streamed', async () => {
    server.api.answerWith(callsOnce(call('toolu_a', 'look', { at: 'sky' })))
    const request = { model: 'sonnet', messages: [go], functions, stream: true }
    const response = await server.post('/v1/chat/completions', request)
    const frames = (await Array.fromAsync(framesOf(response))).slice(0, -1)
    const choices = frames.map((frame) => JSON.parse(frame).choices[0])
    expect(choices.flatMap(({ delta }) => delta.function_call ?? [])).toEqual([
      { name: 'look', arguments: '' },
      { arguments: '{"at":' },
      { arguments: '"sky"}' },
    ])
    expect(choices.some(({ delta }) => 'tool_calls' in delta)).toBe(false)
    expect(choices.at(-1).finish_reason).toBe('function_call')
  })

  test('may be forbidden, and one is called at most', async () => {
    server.api.answerWith(() => messageReply([call('toolu_a'), call('toolu_b', 'listen')]))
    const forbidden = await ask(server, { functions, function_call: 'none' })
    expect([forbidden.finish, forbidden.message.function_call]).toEqual(['stop', undefined])
    const free = await ask(server, { functions })
    expect(free.message.function_call?.name).toBe('look')
  })

  test('two rounds of the same function are told apart', async () => {
    const messages: Messages = [go, made('sky'), result('blue'), made('sea'), result('grey')]
    expect((await ask(server, { functions, messages })).message.content).toBe('pong')
    const [request] = server.api.requests
    const content = (request ? conversationOf(request) : []).flatMap((message) => message.content)
    const ids = content.map((block) => JSON.stringify(block).match(/function_[\w-]+/)?.[0])
    expect(ids).toEqual([
      undefined,
      'function_look',
      'function_look',
      'function_look-2',
      'function_look-2',
    ])
  })
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
