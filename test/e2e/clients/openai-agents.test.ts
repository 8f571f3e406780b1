import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import {
  Agent,
  handoff,
  OpenAIChatCompletionsModel,
  run,
  setTracingDisabled,
  tool,
} from '@openai/agents'
import { z } from 'zod'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { call, callsOnce, resultsIn, say } from '../../support/clients/chat.ts'
import { systemOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

// On a busy machine a worker takes seconds to start.
const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

// It would send every run to api.openai.com.
setTracingDisabled(true)
const model = new OpenAIChatCompletionsModel(server.client, 'claude-sonnet-4')

const look = tool({
  name: 'look',
  description: 'looks',
  parameters: z.object({ at: z.string(), far: z.boolean().nullable() }),
  execute: ({ at }) => `seen ${at}`,
})
const seer = () => new Agent({ name: 'seer', instructions: 'Look well.', model, tools: [look] })
const twoCalls = callsOnce(
  call('toolu_0', 'look', { at: 'sky', far: null }),
  call('toolu_1', 'look', { at: 'sea', far: true }),
)
const results = () => {
  const last = server.api.requests.at(-1)
  return last && resultsIn(last).map(({ content }) => content)
}
const bothSeen = ['sky', 'sea'].map((at) => [{ type: 'text', text: `seen ${at}` }])

describe('the tool loop', () => {
  beforeEach(() => server.api.answerWith(twoCalls))

  test('ends with the text', async () => {
    const { finalOutput } = await run(seer(), 'go')
    expect(finalOutput).toBe('done')
    expect(results()).toEqual(bothSeen)
    expect(server.api.requests.map(systemOf)).toEqual([['Look well.'], ['Look well.']])
  })

  test('streams', async () => {
    const result = await run(seer(), 'go', { stream: true })
    const pieces: string[] = []
    for await (const piece of result.toTextStream()) pieces.push(piece)
    await result.completed
    expect(pieces.join('')).toBe('done')
    expect(result.finalOutput).toBe('done')
    expect(results()).toEqual(bothSeen)
  })
})

test('a handoff: the other agent goes on with its own instructions', async () => {
  const writer = new Agent({ name: 'writer', instructions: 'Write well.', model })
  const boss = Agent.create({
    ...{ name: 'boss', instructions: 'Delegate.', model },
    handoffs: [handoff(writer, { toolNameOverride: 'to_writer' })],
  })
  server.api.answerWith((request) =>
    systemOf(request).join('').includes('Write well.')
      ? say('written')
      : messageReply([call('toolu_0', 'to_writer', {})]),
  )
  const result = await run(boss, 'go')
  expect(result.finalOutput).toBe('written')
  expect(result.lastAgent?.name).toBe('writer')
  expect(server.api.requests.length).toBe(2)
})

test('structured output, after a tool round', async () => {
  const Place = z.object({ city: z.string(), people: z.number().int().nullable() })
  const agent = new Agent({
    ...{ name: 'clerk', instructions: 'File it.', model, tools: [look], outputType: Place },
    modelSettings: { parallelToolCalls: false, maxTokens: 500, reasoning: { effort: 'low' } },
  })
  server.api.answerWith((request) =>
    messageReply([
      resultsIn(request).length > 0
        ? call('toolu_json', 'StructuredOutput', { city: 'Ulm', people: null })
        : call('toolu_0', 'look', { at: 'sky', far: null }),
    ]),
  )
  const { finalOutput } = await run(agent, 'go')
  expect(finalOutput).toEqual({ city: 'Ulm', people: null })
  expect(server.api.requests.map(({ body }) => body['max_tokens'])).toEqual([500, 500])
})
