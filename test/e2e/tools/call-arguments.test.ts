import { afterAll, beforeEach, expect, test } from 'bun:test'
import { messageStart, sseReply } from '../../../src/demo/message-stream.ts'
import { answersTo, ask, say, tool } from '../../support/clients/chat.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

// On a busy machine a worker takes seconds to start.
const server = await startServer({ settings: { 'max-workers': 4, 'warm-workers': 1 } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const go = { role: 'user', content: 'go' } as const
const tools = [tool()]

/** The model calls `look` with these words as arguments, in two pieces each. */
async function* written(args: readonly string[]) {
  yield messageStart()
  for (const [index, json] of args.entries()) {
    const content_block = { type: 'tool_use', id: `toolu_${index}`, name: 'look', input: {} }
    yield { type: 'content_block_start', index, content_block }
    for (const partial_json of [json.slice(0, 5), json.slice(5)]) {
      yield {
        type: 'content_block_delta',
        index,
        delta: { type: 'input_json_delta', partial_json },
      }
    }
    yield { type: 'content_block_stop', index }
  }
  yield { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 7 } }
  yield { type: 'message_stop' }
}

/** The call, its result, and the same once more for a worker that has not seen it. */
async function talk(args: readonly string[]) {
  server.api.answerWith(({ body }) =>
    body.messages.some(({ role }) => role === 'assistant') ? say('done') : sseReply(written(args)),
  )
  const { message } = await ask(server, { tools })
  const messages = [go, message, ...answersTo(message)]
  const live = await ask(server, { tools, messages })
  const seeded = await ask(server, { tools, messages })
  const [, first, second] = server.api.requests.map((request) =>
    JSON.stringify(conversationOf(request)),
  )
  const calls = (message.tool_calls ?? []).map((one) =>
    one.type === 'function' ? one.function.arguments : '',
  )
  return { calls, live, seeded, first, second }
}

test("the client gets the model's own words, and a live and a seeded worker send the same", async () => {
  const args = [
    ...['{"n":12345678901234567890}', '{"n":9007199254740993}', '{"n":1e400}', '{"a":1,"a":2}'],
    ...[
      '{"s":"\\ud800"}',
      '{"n":1.0,"m":1e2,"k":-0}',
      ' {"a" : 1 } ',
      '{"b":1,"1":2}',
      '{"":"x\\n"}',
    ],
  ]
  const { calls, live, seeded, first, second } = await talk(args)
  expect(calls).toEqual(args)
  expect([live.worker, seeded.worker === 'unparked']).toEqual(['unparked', false])
  expect(second).toBe(first)
  // What the CLI alters is named.
  const named = [0, 1, 2, 3, 4]
    .map((index) => `messages[1].tool_calls[${index}].function.arguments`)
    .join(', ')
  expect([live.changed, seeded.changed]).toEqual([named, named])
  expect(second).toContain('{"n":12345678901234567000}')
})

test('a key that a live worker would lose is seeded', async () => {
  const { calls, live, first, second } = await talk(['{"__proto__":{"x":1},"b":2}'])
  expect(calls).toEqual(['{"__proto__":{"x":1},"b":2}'])
  expect(live.worker).not.toBe('unparked')
  expect(live.changed).toBeNull()
  expect(first).toContain('"input":{"__proto__":{"x":1},"b":2}')
  expect(second).toBe(first)
})

test('in the Messages API a number beyond the exact integers is named', async () => {
  const body = `{"model":"sonnet","max_tokens":9,"tools":[{"name":"look","input_schema":{"type":"object"}}],
    "messages":[{"role":"user","content":"go"},
    {"role":"assistant","content":[{"type":"tool_use","id":"a","name":"look","input":{"n":12345678901234567890}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"r"}]}]}`
  const response = await server.post('/v1/messages', body)
  expect(response.status).toBe(200)
  expect(response.headers.get('x-claude-max-api-changed')).toBe('messages[1].content[0].input')
})
