import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { ask, call, callsOnce, type Messages, resultsIn, tool } from '../../support/clients/chat.ts'
import { framesOf } from '../../support/clients/sse.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer({ settings: { 'warm-workers': 1 } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const go = { role: 'user', content: 'go' } as const
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
