import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { createAnthropic } from '@ai-sdk/anthropic'
import { APICallError, generateText, isStepCount, Output, streamText } from 'ai'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { errorReply } from '../../../src/demo/model-api.ts'
import {
  BOTH_SEEN,
  handsIn,
  look,
  PICTURES,
  PICTURES_SEEN,
  Place,
  resultsSeen,
  twoCalls,
  ULM,
  USAGE,
  USAGE_SEEN,
  workersOf,
} from '../../support/clients/ai-sdk.ts'
import { call, refusal, resultsIn, say } from '../../support/clients/chat.ts'
import { conversationOf, systemOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

// On a busy machine a worker takes seconds to start.
const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const provider = createAnthropic({ baseURL: `${server.url}/v1`, apiKey: 'unused' })
const model = provider('claude-sonnet-5-5')
const question = { model, prompt: 'go', maxRetries: 0 }
const round = { ...question, tools: { look }, stopWhen: isStepCount(3) }
const thinking = { anthropic: { thinking: { type: 'adaptive' } } }

const lastConversation = () => server.api.requests.slice(-1).flatMap(conversationOf)

describe('generateText', () => {
  test('runs the tools on the worker that waits, one request a step', async () => {
    server.api.answerWith(twoCalls)
    const { text, steps, totalUsage } = await generateText({ ...round, instructions: 'Look well.' })
    expect(text).toBe('done')
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop'])
    expect(workersOf(steps)).toEqual([expect.stringMatching(/^(warm|cold|rewound)$/), 'unparked'])
    expect(totalUsage.outputTokens).toBe(14)
    expect(resultsSeen(server)).toEqual(BOTH_SEEN)
    expect(server.api.requests.map(systemOf)).toEqual([['Look well.'], ['Look well.']])
  })

  test('goes on after thinking, a call and the answer', async () => {
    server.api.answerWith((request) => {
      const { length } = conversationOf(request)
      if (length > 1) return say(`answer ${length}`)
      return messageReply([
        { type: 'thinking', thinking: 'hm' },
        { type: 'text', text: 'Let me look.' },
        call('toolu_0', 'look', { at: 'sky' }),
      ])
    })
    const options = {
      ...{ model, maxRetries: 0, tools: { look }, stopWhen: isStepCount(3) },
      providerOptions: thinking,
    }
    const first = { role: 'user' as const, content: 'go' }
    const one = await generateText({ ...options, messages: [first] })
    expect(one.steps[0]?.reasoningText).toBe('hm')
    const second = { role: 'user' as const, content: 'go on' }
    const messages = [first, ...one.responseMessages, second]
    const two = await generateText({ ...options, messages })
    expect(two.text).toBe('answer 5')
    expect(workersOf([...one.steps, ...two.steps]).slice(1)).toEqual(['unparked', 'resumed'])
    expect(lastConversation()).toMatchObject([
      { role: 'user', content: [{ text: 'go' }] },
      {
        role: 'assistant',
        // Its worker keeps the thinking with the signature that no client was given.
        content: [
          { thinking: 'hm', signature: expect.stringMatching(/./) },
          { text: 'Let me look.' },
          { id: 'toolu_0' },
        ],
      },
      { role: 'user', content: [{ tool_use_id: 'toolu_0', content: [{ text: 'seen sky' }] }] },
      { role: 'assistant', content: [{ text: 'answer 3' }] },
      { role: 'user', content: [{ text: 'go on' }] },
    ])
    expect(server.api.requests.length).toBe(3)
  })

  test('gives an object', async () => {
    server.api.answerWith(handsIn(ULM))
    const { output } = await generateText({ ...question, output: Output.object({ schema: Place }) })
    expect(output).toEqual(ULM)
    expect(server.api.requests[0]?.body.tools?.[0]?.['input_schema']).toMatchObject({
      properties: { city: { type: 'string' }, people: { type: 'integer' } },
    })
  })

  test('gives an object by a tool of its own, where it knows of no other way', async () => {
    // It would warn on the console that it does not know the model.
    globalThis.AI_SDK_LOG_WARNINGS = false
    server.api.answerWith(handsIn(ULM, 'json'))
    const { output } = await generateText({
      ...question,
      ...{ model: provider('sonnet'), output: Output.object({ schema: Place }) },
    })
    expect(output).toEqual(ULM)
    expect(server.api.requests[0]?.body['tool_choice']).toEqual({
      ...{ type: 'any', disable_parallel_tool_use: true },
    })
  })

  test('tools first, then an object', async () => {
    server.api.answerWith((request) =>
      resultsIn(request).length > 0 ? handsIn(ULM)(request) : twoCalls(request),
    )
    const { output } = await generateText({ ...round, output: Output.object({ schema: Place }) })
    expect(output).toEqual(ULM)
    expect(resultsSeen(server)).toEqual(BOTH_SEEN)
  })

  test('sends images, as bytes and as a link', async () => {
    const messages = [{ role: 'user' as const, content: PICTURES }]
    const { text } = await generateText({ model, messages, maxRetries: 0 })
    expect(text).toBe('pong')
    expect(lastConversation()).toEqual([{ role: 'user', content: PICTURES_SEEN }])
  })
})

describe('streamText', () => {
  test('gives thinking and text piece by piece, and what they cost', async () => {
    server.api.answerWith(() =>
      messageReply(
        [
          { type: 'thinking', thinking: ['h', 'm'] },
          { type: 'text', text: ['one', ' two', ' three'] },
        ],
        { usage: USAGE },
      ),
    )
    const result = streamText({ ...question, providerOptions: thinking })
    expect(await Array.fromAsync(result.textStream)).toEqual(['one', ' two', ' three'])
    expect(await result.reasoningText).toBe('hm')
    expect(await result.finishReason).toBe('stop')
    expect(await result.usage).toMatchObject(USAGE_SEEN)
  })

  test('runs the tools', async () => {
    server.api.answerWith(twoCalls)
    const result = streamText(round)
    expect((await Array.fromAsync(result.textStream)).join('')).toBe('done')
    expect(workersOf(await result.steps)[1]).toBe('unparked')
    expect(resultsSeen(server)).toEqual(BOTH_SEEN)
    expect(server.api.requests.length).toBe(2)
  })

  test('gives the object as it grows', async () => {
    server.api.answerWith(handsIn(ULM))
    const result = streamText({ ...question, output: Output.object({ schema: Place }) })
    const partial = await Array.fromAsync(result.partialOutputStream)
    expect(partial[0]).not.toEqual(ULM)
    expect(partial.at(-1)).toEqual(ULM)
    expect(await result.output).toEqual(ULM)
  })

  test('says that the answer was cut off by its length', async () => {
    server.api.answerWith(() => say('lon', { stopReason: 'max_tokens' }))
    const result = streamText({ ...question, maxOutputTokens: 3 })
    expect(await result.text).toBe('lon')
    expect(await result.finishReason).toBe('length')
    expect(server.api.requests[0]?.body['max_tokens']).toBe(3)
  })
})

describe('an error before the first byte is an APICallError', () => {
  test('of our own, with what we say', async () => {
    const unknown = provider('no-such-model')
    const error = await refusal(generateText({ ...question, model: unknown, maxOutputTokens: 9 }))
    expect(APICallError.isInstance(error)).toBe(true)
    expect(error).toMatchObject({
      ...{ statusCode: 404, isRetryable: false },
      message: expect.stringContaining('sonnet'),
    })
    expect(server.api.requests).toEqual([])
  })

  test('of the model API, plain and streaming', async () => {
    server.api.answerWith(() => errorReply(529, 'overloaded_error', 'the reason'))
    const expected = {
      ...{ statusCode: 529, isRetryable: true },
      message: expect.stringContaining('the reason'),
    }
    const plain = await refusal(generateText(question))
    const streamed: unknown[] = []
    const result = streamText({ ...question, onError: ({ error }) => void streamed.push(error) })
    await result.consumeStream()
    const errors = [plain, ...streamed]
    expect(errors.map((error) => APICallError.isInstance(error))).toEqual([true, true])
    expect(errors).toMatchObject([expected, expected])
  })
})
