import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, isStepCount, Output, streamText, tool } from 'ai'
import { z } from 'zod'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { call, callsOnce, resultsIn } from '../../support/clients/chat.ts'
import { startServer } from '../../support/servers/server.ts'

// On a busy machine a worker takes seconds to start.
const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const provider = createOpenAICompatible({
  ...{ name: 'claude-max-api', baseURL: `${server.url}/v1`, apiKey: 'unused' },
  ...{ includeUsage: true, supportsStructuredOutputs: true },
})
const model = provider('claude-sonnet-4')

const Place = z.object({ city: z.string(), people: z.number().int() })
const ULM = { city: 'Ulm', people: 126_000 }
const handsIn = (input: unknown) => () =>
  messageReply([call('toolu_json', 'StructuredOutput', input)])

const look = tool({
  description: 'looks',
  inputSchema: z.object({ at: z.string() }),
  execute: ({ at }) => `seen ${at}`,
})
const round = { model, prompt: 'go', tools: { look }, stopWhen: isStepCount(3), maxRetries: 0 }
const twoCalls = callsOnce(
  call('toolu_0', 'look', { at: 'sky' }),
  call('toolu_1', 'look', { at: 'sea' }),
)
const results = () => {
  const last = server.api.requests.at(-1)
  return last && resultsIn(last).map(({ content }) => content)
}
const bothSeen = ['sky', 'sea'].map((at) => [{ type: 'text', text: `seen ${at}` }])

describe('generateText', () => {
  test('runs the tools and ends with the text', async () => {
    server.api.answerWith(twoCalls)
    const { text, steps, totalUsage } = await generateText(round)
    expect(text).toBe('done')
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop'])
    expect(totalUsage.outputTokens).toBe(14)
    expect(results()).toEqual(bothSeen)
  })

  test('gives an object', async () => {
    server.api.answerWith(handsIn(ULM))
    const { output } = await generateText({
      ...{ model, prompt: 'go', maxRetries: 0, output: Output.object({ schema: Place }) },
    })
    expect(output).toEqual(ULM)
    expect(server.api.requests[0]?.body.tools?.[0]?.['input_schema']).toMatchObject({
      properties: { city: { type: 'string' }, people: { type: 'integer' } },
    })
  })

  test('gives an array and a choice, which it wraps in objects', async () => {
    server.api.answerWith(handsIn({ elements: [ULM, ULM] }))
    const list = Output.array({ element: Place })
    expect((await generateText({ model, prompt: 'go', output: list })).output).toEqual([ULM, ULM])
    server.api.answerWith(handsIn({ result: 'no' }))
    const choice = Output.choice({ options: ['yes', 'no'] })
    expect((await generateText({ model, prompt: 'go', output: choice })).output).toBe('no')
  })

  test('tools first, then an object', async () => {
    server.api.answerWith((request) =>
      resultsIn(request).length > 0 ? handsIn(ULM)() : twoCalls(request),
    )
    const { output } = await generateText({ ...round, output: Output.object({ schema: Place }) })
    expect(output).toEqual(ULM)
    expect(results()).toEqual(bothSeen)
  })

  test('shows the thinking', async () => {
    server.api.answerWith(() =>
      messageReply([
        { type: 'thinking', thinking: ['Let me', ' see.'] },
        { type: 'text', text: 'Yes.' },
      ]),
    )
    const { reasoningText, text } = await generateText({ model, prompt: 'go', maxRetries: 0 })
    expect([reasoningText, text]).toEqual(['Let me see.', 'Yes.'])
  })
})

describe('streamText', () => {
  test('gives the text piece by piece', async () => {
    server.api.answerWith(() => messageReply([{ type: 'text', text: ['one', ' two', ' three'] }]))
    const result = streamText({ model, prompt: 'go' })
    expect(await Array.fromAsync(result.textStream)).toEqual(['one', ' two', ' three'])
    expect(await result.finishReason).toBe('stop')
    expect((await result.usage).inputTokens).toBe(11)
  })

  test('runs the tools', async () => {
    server.api.answerWith(twoCalls)
    const result = streamText(round)
    expect((await Array.fromAsync(result.textStream)).join('')).toBe('done')
    expect(results()).toEqual(bothSeen)
  })

  test('gives the object as it grows', async () => {
    server.api.answerWith(handsIn(ULM))
    const result = streamText({ model, prompt: 'go', output: Output.object({ schema: Place }) })
    const partial = await Array.fromAsync(result.partialOutputStream)
    expect(partial[0]).not.toEqual(ULM)
    expect(partial.at(-1)).toEqual(ULM)
    expect(await result.output).toEqual(ULM)
  })
})

test('without schemas in the request: any JSON, which the SDK itself checks', async () => {
  // It would warn on the console that the schema is not sent.
  globalThis.AI_SDK_LOG_WARNINGS = false
  const plain = createOpenAICompatible({ name: 'plain', baseURL: `${server.url}/v1` })
  server.api.answerWith(handsIn(ULM))
  const { output } = await generateText({
    ...{ model: plain('sonnet'), prompt: 'go', output: Output.object({ schema: Place }) },
  })
  expect(output).toEqual(ULM)
})
