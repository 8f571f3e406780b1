import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { HumanMessage, ToolMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { z } from 'zod'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { call, callsOnce, resultsIn, say } from '../../support/clients/chat.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

// On a busy machine a worker takes seconds to start.
const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const model = new ChatOpenAI({
  ...{ model: 'claude-sonnet-4', apiKey: 'unused', maxRetries: 0 },
  configuration: { baseURL: `${server.url}/v1` },
})

const Place = z.object({ city: z.string(), people: z.number().int().optional() })
const ULM = { city: 'Ulm', people: 126_000 }

const look = tool(({ at }) => `seen ${at}`, {
  ...{ name: 'look', description: 'looks', schema: z.object({ at: z.string() }) },
})

test('bindTools: a round of two calls, which go on in the conversation', async () => {
  server.api.answerWith(
    callsOnce(call('toolu_0', 'look', { at: 'sky' }), call('toolu_1', 'look', { at: 'sea' })),
  )
  const bound = model.bindTools([look])
  const question = new HumanMessage('go')
  const asked = await bound.invoke([question])
  expect(asked.tool_calls?.map(({ args }) => args)).toEqual([{ at: 'sky' }, { at: 'sea' }])
  const results: ToolMessage[] = []
  for (const made of asked.tool_calls ?? []) {
    results.push(await look.invoke({ ...made, type: 'tool_call' }))
  }
  const answer = await bound.invoke([question, asked, ...results])
  expect(answer.text).toBe('done')
  expect(answer).toMatchObject({ usage_metadata: { output_tokens: 7 } })
  const last = server.api.requests.at(-1)
  expect(last && resultsIn(last).map(({ content }) => content)).toEqual(
    ['sky', 'sea'].map((at) => [{ type: 'text', text: `seen ${at}` }]),
  )
})

test('bindTools with a choice and one call at a time', async () => {
  server.api.answerWith(callsOnce(call('toolu_0', 'look', { at: 'sky' })))
  const bound = model.bindTools([look], {
    ...{ tool_choice: 'look', parallel_tool_calls: false, strict: true },
  })
  const { tool_calls } = await bound.invoke('go')
  expect(tool_calls?.length).toBe(1)
  expect(server.api.requests[0]?.body['tool_choice']).toEqual({
    ...{ type: 'tool', name: 'look', disable_parallel_tool_use: true },
  })
})

test('stream: text and calls in pieces', async () => {
  server.api.answerWith(() =>
    messageReply([
      { type: 'text', text: ['Let me', ' look.'] },
      call('toolu_0', 'look', { at: 'sky' }),
    ]),
  )
  const chunks = await Array.fromAsync(await model.bindTools([look]).stream('go'))
  const whole = chunks.reduce((all, chunk) => all.concat(chunk))
  expect(chunks.map(({ text }) => text).filter((text) => text !== '')).toEqual(['Let me', ' look.'])
  expect(whole.tool_calls?.map(({ name, args }) => [name, args])).toEqual([['look', { at: 'sky' }]])
  expect(whole).toMatchObject({ usage_metadata: { total_tokens: 18 } })
})

describe('withStructuredOutput', () => {
  test('by jsonSchema', async () => {
    server.api.answerWith(() => messageReply([call('toolu_json', 'StructuredOutput', ULM)]))
    const structured = model.withStructuredOutput(Place, { name: 'place', method: 'jsonSchema' })
    expect(await structured.invoke('go')).toEqual(ULM)
    expect(server.api.requests[0]?.body.tools?.[0]?.['input_schema']).toMatchObject({
      properties: { city: { type: 'string' } },
    })
  })

  test('by functionCalling', async () => {
    server.api.answerWith(() => messageReply([call('toolu_0', 'place', ULM)]))
    const structured = model.withStructuredOutput(Place, {
      ...{ name: 'place', method: 'functionCalling' },
    })
    expect(await structured.invoke('go')).toEqual(ULM)
    expect(server.api.requests[0]?.body['tool_choice']).toEqual({ type: 'tool', name: 'place' })
  })

  test('by jsonMode', async () => {
    server.api.answerWith(() => messageReply([call('toolu_json', 'StructuredOutput', ULM)]))
    const structured = model.withStructuredOutput(Place, { name: 'place', method: 'jsonMode' })
    expect(await structured.invoke('Answer in JSON.')).toEqual(ULM)
  })
})

test('batch: every answer belongs to its question', async () => {
  server.api.answerWith((request) => {
    const [message] = conversationOf(request)
    return say(`echo of ${JSON.stringify(message?.content).match(/question \d+/)?.[0]}`)
  })
  const questions = Array.from({ length: 8 }, (_, index) => `question ${index}`)
  const answers = await model.batch(questions)
  expect(answers.map(({ text }) => text)).toEqual(questions.map((text) => `echo of ${text}`))
  expect(server.api.requests.length).toBe(8)
})
