import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import type OpenAI from 'openai'
import { messageReply, type ReplyBlock } from '../../../src/demo/message-stream.ts'
import type { ModelRequest } from '../../../src/demo/model-api.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

type Body = OpenAI.ChatCompletionCreateParamsNonStreaming
type Messages = OpenAI.ChatCompletionMessageParam[]

const parameters = {
  type: 'object',
  properties: {
    z: { type: 'string', description: 'zuerst', pattern: '^[a-ü]+$' },
    a: { anyOf: [{ type: 'number' }, { $ref: '#/$defs/odd' }] },
  },
  required: ['z'],
  $defs: { odd: { enum: [1, 3, 5] } },
  additionalProperties: false,
}
const tool = (name: string): OpenAI.ChatCompletionFunctionTool => ({
  type: 'function',
  function: { name, description: `does ${name}`, parameters },
})
const call = (id: string, name = 'look', input: object = { z: id }): ReplyBlock => ({
  type: 'tool_use',
  ...{ id, name, input },
})

/** Calls `count` tools first, then says what the results were. */
function callsThenText(count: number) {
  return ({ body }: ModelRequest) => {
    const last = JSON.stringify(body.messages.filter(({ role }) => role === 'user').at(-1))
    if (last.includes('tool_result')) return messageReply([{ type: 'text', text: 'done' }])
    const calls = Array.from({ length: count }, (_, index) => call(`toolu_${index}`))
    return messageReply([{ type: 'text', text: 'Let me see.' }, ...calls])
  }
}

const ask = (body: Partial<Body>) =>
  server.client.chat.completions
    .create({ model: 'sonnet', messages: [{ role: 'user', content: 'go' }], ...body })
    .withResponse()

/** A first turn that calls tools, and the history that goes on from it. */
async function firstTurn(count: number, tools = [tool('look')]) {
  server.api.answerWith(callsThenText(count))
  const { data } = await ask({ tools })
  const message = data.choices[0]?.message
  if (!message) throw new Error('no message')
  const results: Messages = (message.tool_calls ?? []).map(({ id }) => ({
    role: 'tool',
    tool_call_id: id,
    content: `result of ${id}`,
  }))
  const messages: Messages = [{ role: 'user', content: 'go' }, message]
  return { tools, message, messages, results }
}

const worker = (response: Response) => response.headers.get('x-claude-max-api-worker')
const resultIds = (request: ModelRequest | undefined) => {
  const content = request ? conversationOf(request).at(-1)?.content : []
  return Array.isArray(content) ? content.map(({ tool_use_id }) => tool_use_id) : []
}

describe('client tools', () => {
  test('reach the model API under their own names, schemas untouched', async () => {
    await ask({ tools: [tool('Read'), tool('look')] })
    // The CLI sorts them by name.
    expect(server.api.requests[0]?.body.tools?.map((sent) => JSON.stringify(sent))).toEqual(
      ['look', 'Read'].map((name) =>
        JSON.stringify({ name, description: `does ${name}`, input_schema: parameters }),
      ),
    )
  })

  for (const count of [1, 3, 15]) {
    test(`${count} parallel calls go out together and their worker goes on`, async () => {
      const { tools, message, messages, results } = await firstTurn(count)
      expect(message.content).toBe('Let me see.')
      expect(message.tool_calls?.map(({ id }) => id)).toEqual(
        Array.from({ length: count }, (_, index) => `toolu_${index}`),
      )
      const { data, response } = await ask({ tools, messages: [...messages, ...results] })
      expect(data.choices[0]?.message.content).toBe('done')
      expect(worker(response)).toBe('unparked')
      expect(server.api.requests.length).toBe(2)
    })
  }

  test('results in any order arrive in that order', async () => {
    const { tools, messages, results } = await firstTurn(3)
    const turned = results.toReversed()
    const { response } = await ask({ tools, messages: [...messages, ...turned] })
    expect(worker(response)).toBe('unparked')
    expect(resultIds(server.api.requests[1])).toEqual(['toolu_2', 'toolu_1', 'toolu_0'])
  })

  test('stream as OpenAI streams them', async () => {
    server.api.answerWith(callsThenText(2))
    const stream = await server.client.chat.completions.create({
      ...{ model: 'sonnet', stream: true, tools: [tool('look')] },
      messages: [{ role: 'user', content: 'go' }],
    })
    const choices = (await Array.fromAsync(stream)).map((chunk) => chunk.choices[0])
    const deltas = choices.flatMap((choice) => choice?.delta.tool_calls ?? [])
    expect(deltas).toEqual(
      [0, 1].flatMap((index) => [
        {
          ...{ index, id: `toolu_${index}`, type: 'function' as const },
          function: { name: 'look', arguments: '' },
        },
        { index, function: { arguments: '{"z":"to' } },
        { index, function: { arguments: `olu_${index}"}` } },
      ]),
    )
    expect(choices.at(-1)?.finish_reason).toBe('tool_calls')
  })
})
