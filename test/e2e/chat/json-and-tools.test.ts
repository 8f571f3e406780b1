import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import {
  messageReply,
  type ReplyBlock,
  type ReplyOptions,
} from '../../../src/demo/message-stream.ts'
import { answersTo, ask, type Body, call, resultsIn, tool } from '../../support/clients/chat.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

const FIRST_TOKEN_MS = 50

const server = await startServer({ settings: { 'warm-workers': 1 } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const go = { role: 'user', content: 'go' } as const
const schema = {
  type: 'object',
  properties: { city: { type: 'string' }, people: { type: 'integer', minimum: 0 } },
  required: ['city', 'people'],
  additionalProperties: false,
}
const format = (strict = true, other: Record<string, unknown> = schema): Body => ({
  response_format: { type: 'json_schema', json_schema: { name: 'place', strict, schema: other } },
})
const ULM = { city: 'Ulm', people: 126_000 }

/** The model submits an answer through the CLI's tool. */
const handIn = (input: object, id = 'toolu_json') => call(id, 'StructuredOutput', input)
const isHandIn = ({ name }: { name: string }) => name === 'StructuredOutput'
const named = (name: string) => ({ type: 'function' as const, function: { name } })
const answer = (blocks: ReplyBlock[], options?: ReplyOptions) =>
  server.api.answerWith(async () => {
    // No model answers at once; blocking a second request takes some milliseconds.
    await Bun.sleep(FIRST_TOKEN_MS)
    return messageReply(blocks, options)
  })

describe('JSON and client tools in one request', () => {
  const both = { tools: [tool()], ...format() }

  test('a tool round, and then the JSON', async () => {
    server.api.answerWith((request) =>
      messageReply([resultsIn(request).length > 0 ? handIn(ULM) : call('toolu_a')]),
    )
    const first = await ask(server, both)
    expect([first.finish, first.message.content]).toEqual(['tool_calls', null])
    const messages = [go, first.message, ...answersTo(first.message)]
    const second = await ask(server, { ...both, messages })
    expect([second.message.content, second.finish]).toEqual([JSON.stringify(ULM), 'stop'])
    expect(second.worker).toBe('unparked')
    const next = { role: 'user', content: 'And now?' } as const
    server.api.answerWith(() => messageReply([handIn({ ...ULM, people: 0 })]))
    const third = await ask(server, { ...both, messages: [...messages, second.message, next] })
    expect(third.message.content).toBe('{"city":"Ulm","people":0}')
    expect(server.api.requests.length).toBe(3)
    // The submitted JSON is a text in the history, as the client has it.
    const [, , request] = server.api.requests
    expect(request && conversationOf(request).slice(-2)).toEqual([
      { role: 'assistant', content: [{ type: 'text', text: JSON.stringify(ULM) }] },
      { role: 'user', content: [{ type: 'text', text: 'And now?' }] },
    ])
  })

  for (const tool_choice of ['required', named('look')] as const) {
    const choice = typeof tool_choice === 'string' ? tool_choice : tool_choice.type
    test(`tool_choice ${choice} is a call: the model has no other tool`, async () => {
      server.api.answerWith(({ body }) =>
        messageReply([body.tools?.some(isHandIn) ? handIn(ULM) : call('toolu_a')]),
      )
      const { message, finish } = await ask(server, { ...both, tool_choice })
      expect([message.tool_calls?.length, message.content, finish]).toEqual([1, null, 'tool_calls'])
      expect(server.api.requests.length).toBe(1)
      // What the client sends next may have JSON for its answer.
      const messages = [go, message, ...answersTo(message)]
      server.api.answerWith(() => messageReply([handIn(ULM)]))
      const second = await ask(server, { ...both, messages })
      expect([second.message.content, second.finish]).toEqual([JSON.stringify(ULM), 'stop'])
      expect(server.api.requests.length).toBe(2)
    })
  }

  test('tool_choice none still leaves the model a way to hand in the JSON', async () => {
    answer([handIn(ULM)])
    const { message } = await ask(server, { ...both, tool_choice: 'none' })
    expect(message.content).toBe(JSON.stringify(ULM))
    expect(server.api.requests[0]?.body['tool_choice']).toBeUndefined()
  })
})

test('after an answer in JSON the conversation goes on with the bytes the client has', async () => {
  answer([{ type: 'text', text: '{"city":"Ulm","people":1}' }])
  const { message } = await ask(server, format())
  const next = { role: 'user', content: 'And?' } as const
  await ask(server, { ...format(), messages: [go, message, next] })
  expect(server.api.requests.length).toBe(2)
  const [, request] = server.api.requests
  expect(request && conversationOf(request)[1]).toEqual({
    role: 'assistant',
    content: [{ type: 'text', text: '{"city":"Ulm","people":1}' }],
  })
})
