import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod'
import { z } from 'zod'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { call, callsOnce, resultsIn, say } from '../../support/clients/chat.ts'
import { startServer } from '../../support/servers/server.ts'

// On a busy machine a worker takes seconds to start.
const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const { completions } = server.client.chat
const messages = [{ role: 'user' as const, content: 'go' }]
const request = { model: 'claude-sonnet-4', messages }

const Place = z.object({
  city: z.string().describe('its name'),
  people: z.number().int().min(0).nullable(),
  kind: z.enum(['town', 'village']),
  near: z.array(z.object({ city: z.string() })),
})
const ULM = { city: 'Ulm', people: null, kind: 'town' as const, near: [{ city: 'Neu-Ulm' }] }
const handIn = (input: object) => messageReply([call('toolu_json', 'StructuredOutput', input)])
const place = { ...request, response_format: zodResponseFormat(Place, 'place') }

const Look = z.object({ at: z.string(), deep: z.boolean().nullish() })
const seen: string[] = []
const look = zodFunction({
  ...{ name: 'look', description: 'looks', parameters: Look },
  function: ({ at }) => {
    seen.push(at)
    return { seen: at }
  },
})

const results = () => {
  const last = server.api.requests.at(-1)
  return last && resultsIn(last).map(({ content }) => content)
}

describe('runTools', () => {
  beforeEach(() => {
    seen.length = 0
    server.api.answerWith(
      callsOnce(call('toolu_0', 'look', { at: 'sky' }), call('toolu_1', 'look', { at: 'sea' })),
    )
  })
  const both = ['sky', 'sea'].map((at) => [{ type: 'text', text: JSON.stringify({ seen: at }) }])

  test('runs the calls, hands in the results and ends with the text', async () => {
    const runner = completions.runTools({ ...request, tools: [look] })
    expect(await runner.finalContent()).toBe('done')
    expect(seen).toEqual(['sky', 'sea'])
    expect(results()).toEqual(both)
    expect(server.api.requests.length).toBe(2)
    expect((await runner.totalUsage()).completion_tokens).toBe(14)
  })

  test('does so streaming', async () => {
    const runner = completions.runTools({ ...request, stream: true, tools: [look] })
    const handedIn: string[] = []
    runner.on('functionToolCallResult', (result) => handedIn.push(result))
    expect(await runner.finalContent()).toBe('done')
    expect(handedIn).toEqual(['{"seen":"sky"}', '{"seen":"sea"}'])
    expect(results()).toEqual(both)
  })
})

describe('parse', () => {
  test('gives the value that the zod schema describes', async () => {
    server.api.answerWith(() => handIn(ULM))
    const completion = await completions.parse(place)
    expect(completion.choices[0]?.message.parsed).toEqual(ULM)
    // All of it reached the model.
    expect(server.api.requests[0]?.body.tools?.[0]?.['input_schema']).toMatchObject({
      properties: { city: { description: 'its name' }, kind: { enum: ['town', 'village'] } },
    })
  })

  test('gives the arguments of a call', async () => {
    server.api.answerWith(callsOnce(call('toolu_0', 'look', { at: 'sky' })))
    const completion = await completions.parse({ ...request, tools: [look] })
    const [made] = completion.choices[0]?.message.tool_calls ?? []
    expect(made && 'function' in made && made.function.parsed_arguments).toEqual({ at: 'sky' })
  })

  for (const [stopReason, name] of [
    ['max_tokens', 'LengthFinishReasonError'],
    ['refusal', 'ContentFilterFinishReasonError'],
  ] as const) {
    test(`${stopReason} is its ${name}`, async () => {
      server.api.answerWith(() => say('{"ci', { stopReason }))
      const error = await completions.parse(place).catch((reason: unknown) => reason)
      expect(error?.constructor.name).toBe(name)
    })
  }

  test('an answer of another shape is an API error', async () => {
    server.api.answerWith(() => handIn({ city: 'Ulm' }))
    const error = await completions.parse(place).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ status: 502, code: 'upstream_error' })
  })
})

describe('stream', () => {
  test('gives the text piece by piece, and the whole of it', async () => {
    server.api.answerWith(() => messageReply([{ type: 'text', text: ['one', ' two', ' three'] }]))
    const stream = completions.stream({ ...request, stream_options: { include_usage: true } })
    const snapshots: string[] = []
    stream.on('content', (_, snapshot) => snapshots.push(snapshot))
    expect(await stream.finalContent()).toBe('one two three')
    expect(snapshots).toEqual(['one', 'one two', 'one two three'])
    expect((await stream.finalChatCompletion()).usage?.total_tokens).toBe(18)
  })

  test('gives the value as it grows', async () => {
    server.api.answerWith(() => handIn(ULM))
    const stream = completions.stream(place)
    const values: unknown[] = []
    stream.on('content.delta', ({ parsed }) => values.push(parsed))
    const completion = await stream.finalChatCompletion()
    expect(completion.choices[0]?.message.parsed).toEqual(ULM)
    expect(values.length).toBeGreaterThan(1)
    expect(values[0]).toMatchObject({ city: 'Ulm' })
  })

  test('gives the arguments of a call', async () => {
    server.api.answerWith(callsOnce(call('toolu_0', 'look', { at: 'sky' })))
    const stream = completions.stream({ ...request, tools: [look] })
    const done: unknown[] = []
    stream.on('tool_calls.function.arguments.done', (event) => done.push(event.parsed_arguments))
    const completion = await stream.finalChatCompletion()
    expect(done).toEqual([{ at: 'sky' }])
    expect(completion.choices[0]?.finish_reason).toBe('tool_calls')
  })
})
