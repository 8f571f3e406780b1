import { afterAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { ModelRequest } from '../../../src/demo/model-api.ts'
import {
  answersTo,
  ask,
  type Body,
  call,
  callsOnce,
  type Messages,
  say,
  tool,
} from '../../support/clients/chat.ts'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { conversationOf, systemOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'
import { until } from '../../support/waiting.ts'

// On a busy machine a worker takes seconds to start.
setDefaultTimeout(180_000)
const server = await startServer({ settings: { sampling: 'forward' } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const go = { role: 'user', content: 'go' } as const
const on = { role: 'user', content: 'go on' } as const
const tools = [tool()]

/** All that a request says beside the conversation itself. */
function settingsOf({ body }: ModelRequest) {
  // The first block of the system prompt carries a hash of the first message.
  const { messages: _, metadata: __, system, ...settings } = body
  const efforts = body.messages.flatMap((message) => message['output_config'] ?? [])
  return { ...settings, system: [system].flat().slice(1), efforts: efforts.slice(-1) }
}

function toolNames({ body }: ModelRequest): string[] {
  return body.tools?.map(({ name }) => name) ?? []
}

function toolDescriptions({ body }: ModelRequest): unknown[] {
  return body.tools?.map((one) => one['description']) ?? []
}

/** What each parameter looks like upstream; `asked` for one request must be gone in the next. */
const PARAMETERS: [string, Body, Record<string, unknown>][] = [
  ['max_tokens', { max_tokens: 77 }, { max_tokens: 77 }],
  [
    'all the others',
    {
      ...{ stop: ['END', 'STOP'], temperature: 0.3, top_p: 0.7 },
      ...{ tool_choice: 'required', parallel_tool_calls: false },
    },
    {
      ...{ stop_sequences: ['END', 'STOP'], temperature: 0.3, top_p: 0.7 },
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
    },
  ],
]

describe('a parameter of one request never holds for the next', () => {
  for (const [name, asked, upstream] of PARAMETERS) {
    test(`${name}, when tool calls came between`, async () => {
      server.api.answerWith(callsOnce(call('toolu_a')))
      await ask(server, { tools, messages: [{ role: 'user', content: 'plain' }] })
      const { message } = await ask(server, { tools, ...asked })
      const next = await ask(server, { tools, messages: [go, message, ...answersTo(message)] })
      // The CLI would go on with the limit it had: it reads that once for all calls.
      expect(next.worker === 'unparked').toBe(name !== 'max_tokens')
      const [plain, first, second] = server.api.requests.map(settingsOf)
      expect(first).toMatchObject(upstream)
      expect(second).toEqual(plain)
    })

    test(`${name}, first asked for with the results of tool calls`, async () => {
      const request = { role: 'user', content: `go for ${name}` } as const
      server.api.answerWith(callsOnce(call('toolu_a')))
      const { message } = await ask(server, { tools, messages: [request] })
      const messages = [request, message, ...answersTo(message)]
      const next = await ask(server, { tools, messages, ...asked })
      expect(next.worker === 'unparked').toBe(name !== 'max_tokens')
      expect(server.api.requests.map(settingsOf)[1]).toMatchObject(upstream)
    })

    test(`${name}, on the worker of a conversation that goes on`, async () => {
      server.api.answerWith(() => say('yes'))
      const messages: Messages = [go, { role: 'assistant', content: 'yes' }, on]
      await ask(server, { tools })
      const resumed = await ask(server, { tools, messages, ...asked })
      expect(resumed.worker).toBe('resumed')
      const again: Messages = [...messages, { role: 'assistant', content: 'yes' }, on]
      expect((await ask(server, { tools, messages: again })).worker).toBe('resumed')
      const [first, second, third] = server.api.requests.map(settingsOf)
      expect(second).toMatchObject(upstream)
      expect(third).toEqual(first)
    })
  }

  test('reasoning_effort: low, then none asked for, then high', async () => {
    server.api.answerWith(() => say('yes'))
    const yes = { role: 'assistant', content: 'yes' } as const
    await ask(server)
    await ask(server, { reasoning_effort: 'low', messages: [go, yes, on] })
    await ask(server, { messages: [go, yes, on, yes, on] })
    await ask(server, { reasoning_effort: 'high', messages: [go, yes, on, yes, on, yes, on] })
    const efforts = server.api.requests.map(({ body }) => body['output_config'])
    expect(efforts[1]).toMatchObject({ effort: 'low' })
    expect(efforts[2]).toEqual(efforts[0])
    expect(efforts[3]).toMatchObject({ effort: 'high' })
  })

  test('response_format: an answer in JSON, then one in words', async () => {
    // Words where JSON was to be handed in: a CLI asks again after those, and an answer that comes
    // at once, as no model's does, can outrun what keeps it from that.
    server.api.answerWith(({ body }) =>
      say(body.tools?.length ? '{"a":1}' : 'words', { pace: () => Bun.sleep(50) }),
    )
    const { message } = await ask(server, { response_format: { type: 'json_object' } })
    const next = await ask(server, { messages: [go, message, on] })
    expect(next.message.content).toBe('words')
    expect(server.api.requests.map(({ body }) => body.tools?.length ?? 0)).toEqual([1, 0])
  })
})

describe('a conversation that goes on', () => {
  const first: Messages = [{ role: 'system', content: 'Be brief.' }, go]
  const longer: Messages = [...first, { role: 'assistant', content: 'pong' }, on]

  test('gets its worker back and the model the whole of it', async () => {
    await ask(server, { messages: first })
    expect((await ask(server, { messages: longer })).worker).toBe('resumed')
    const [, second] = server.api.requests
    expect(second && systemOf(second)).toEqual(['Be brief.'])
    expect(second && conversationOf(second)).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'go' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'pong' }] },
      { role: 'user', content: [{ type: 'text', text: 'go on' }] },
    ])
  })

  for (const [what, body] of [
    [
      'another system prompt',
      { messages: longer.with(0, { role: 'system', content: 'Be long.' }) },
    ],
    ['another model', { messages: longer, model: 'opus' }],
    ['another answer', { messages: longer.with(2, { role: 'assistant', content: 'ping' }) }],
    ['another beginning', { messages: longer.with(1, { role: 'user', content: 'no' }) }],
  ] as const) {
    test(`with ${what} is another one`, async () => {
      await ask(server, { messages: first })
      expect((await ask(server, body)).worker).not.toBe('resumed')
    })
  }

  test('with another description of a tool reaches the model with that one', async () => {
    for (const said of ['Looks.', 'Looks again.']) {
      await ask(server, { messages: first, tools: [tool('look', said)] })
      expect(server.api.requests.slice(-1).map(toolDescriptions)).toEqual([[said]])
    }
  })

  test('with other tools keeps its worker, and each request has its own', async () => {
    const other = [tool('other')]
    await ask(server, { messages: first, tools })
    expect((await ask(server, { messages: longer, tools: other })).worker).toBe('rewound')
    const more: Messages = [...longer, { role: 'assistant', content: 'pong' }, on]
    expect((await ask(server, { messages: more })).worker).toBe('rewound')
    expect(server.api.requests.map(toolNames)).toEqual([['look'], ['other'], []])
  })

  test('whose answer had two texts goes on with those that the client sent', async () => {
    const two = ['one', 'two'].map((text) => ({ type: 'text' as const, text }))
    server.api.answerWith(() => messageReply(two))
    // OpenAI's dialect has one text for both, and sends it back.
    const { message } = await ask(server)
    expect(message.content).toBe('onetwo')
    await ask(server, { messages: [go, message, on] })
    // The Messages API has both.
    const body = { model: 'sonnet', max_tokens: 9_000 }
    const turns = [go, { role: 'assistant', content: two }, on]
    await server.post('/v1/messages', { ...body, messages: [go] })
    const last = await server.post('/v1/messages', { ...body, messages: turns })
    expect(last.headers.get('x-claude-max-api-worker')).toBe('resumed')
    const [, joined, , apart] = server.api.requests.map((request) => conversationOf(request)[1])
    expect(joined?.content).toEqual([{ type: 'text', text: 'onetwo' }])
    expect(apart?.content).toEqual(two)
  })

  test('goes on elsewhere when its time is up', async () => {
    const brief = await startServer({ settings: { 'idle-ttl': '100ms', 'warm-workers': 0 } })
    try {
      await ask(brief, { messages: first })
      await until(() => brief.pool.snapshot().alive === 0, 10_000, 'the worker is ended')
      const next = await ask(brief, { messages: longer })
      expect([next.message.content, next.worker]).toEqual(['pong', 'cold'])
      expect(brief.api.requests.length).toBe(2)
    } finally {
      await brief.stop()
    }
  })

  test('asked twice at once is answered twice', async () => {
    // A conversation of its own: other tests leave workers that stand where theirs stopped.
    const opening = { role: 'user' as const, content: 'asked twice' }
    const answer = { role: 'assistant' as const, content: 'pong' }
    await ask(server, { messages: [opening] })
    const both = await Promise.all(
      [0, 1].map(() => ask(server, { messages: [opening, answer, opening] })),
    )
    expect(both.map(({ message }) => message.content)).toEqual(['pong', 'pong'])
    expect(both.filter(({ worker }) => worker === 'resumed').length).toBe(1)
    const [one, two] = server.api.requests.slice(1).map(conversationOf)
    expect(one).toEqual(two)
  })
})
