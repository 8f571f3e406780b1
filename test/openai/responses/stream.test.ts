import { describe, expect, test } from 'bun:test'
import { parseRequest } from '../../../src/dialect/parse.ts'
import type { StopReason, TurnEvent, Usage } from '../../../src/conversation/types.ts'
import { TurnError } from '../../../src/errors.ts'
import type { ResponseMeta, ResponseObject } from '../../../src/openai/responses/object.ts'
import { ResponsesRequest } from '../../../src/openai/responses/schema.ts'
import { collectResponse, toResponseEvents } from '../../../src/openai/responses/stream.ts'
import { toErrorEvent } from '../../../src/openai/responses/writer.ts'
import { parseEvent, parseResponse } from '../../support/shapes/responses-events.ts'
import { requireWholeResponse } from '../../support/shapes/responses-order.ts'

const usage: Usage = {
  ...{ uncachedTokens: 10, cachedTokens: 200, cacheCreationTokens: 30 },
  ...{ outputTokens: 17, reasoningTokens: 5 },
}
const START: TurnEvent = { type: 'start', id: 'msg_1', model: 'claude-x', usage }
const stop = (reason: StopReason = 'end'): TurnEvent => ({
  ...{ type: 'stop', reason, stopSequence: undefined },
  usage,
})
const text = (said: string): TurnEvent => ({ type: 'text', text: said })
const thinking = (thought: string): TurnEvent => ({ type: 'thinking', text: thought })
const call = (index: number): TurnEvent[] => [
  { type: 'tool_call', index, id: `toolu_${index}`, name: 'look' },
  { type: 'tool_arguments', index, json: '{"at":' },
  { type: 'tool_arguments', index, json: `${index}}` },
]
const LIMIT: TurnEvent = {
  type: 'rate_limit',
  rateLimit: { status: 'allowed', resetsAt: 1, window: 'x', utilization: 1 },
}
const failure = (error = new TurnError('upstream', 'it broke')): TurnEvent => ({
  type: 'error',
  error,
})

function metaOf(body: object = {}, meta: Partial<ResponseMeta> = {}): ResponseMeta {
  const request = parseRequest(ResponsesRequest, { model: 'sonnet', input: 'hi', ...body })
  const id = `resp_${'a'.repeat(32)}`
  return { id, request, createdAt: 1, now: () => 2, reasoning: true, ...meta }
}

const streamOf = (events: readonly TurnEvent[]) =>
  new ReadableStream<TurnEvent>({
    start(controller) {
      for (const event of events) controller.enqueue(event)
      controller.close()
    },
  })

async function streamed(events: readonly TurnEvent[], meta: ResponseMeta = metaOf()) {
  const kept: ResponseObject[] = []
  const frames = streamOf(events).pipeThrough(toResponseEvents(meta, (one) => kept.push(one)))
  return { events: await Array.fromAsync(frames), kept }
}

describe('a streamed response is whole, in order, and the plain one is the same', () => {
  const cases: [string, TurnEvent[], string[]][] = [
    ['text', [LIMIT, text('po'), text('ng'), stop()], ['message']],
    ['a stop sequence', [text('pong'), stop('stop_sequence')], ['message']],
    ['nothing', [stop()], ['message']],
    ['thinking', [thinking('h'), thinking('m'), text('x'), stop()], ['reasoning', 'message']],
    ['thinking alone', [thinking('hm'), stop()], ['reasoning', 'message']],
    ['calls', [...call(0), ...call(1), stop('tool_calls')], ['function_call', 'function_call']],
    [
      'everything, mixed',
      [
        thinking('a'),
        text('b'),
        ...call(0),
        text('c'),
        thinking('d'),
        ...call(1),
        stop('tool_calls'),
      ],
      ['reasoning', 'message', 'function_call', 'message', 'reasoning', 'function_call'],
    ],
    ['a cut-off text', [text('lon'), stop('length')], ['message']],
    ['a cut-off call', [...call(0).slice(0, 2), stop('length')], ['function_call']],
    ['a refusal', [stop('refusal')], ['message']],
    ['a refusal in the middle', [text('well'), stop('refusal')], ['message', 'message']],
  ]
  for (const [name, turn, types] of cases) {
    test(name, async () => {
      const { events, kept } = await streamed([START, ...turn])
      const response = requireWholeResponse(events)
      expect<string[]>(response.output.map(({ type }) => type)).toEqual(types)
      const plain = await collectResponse(streamOf([START, ...turn]), metaOf())
      expect(parseResponse(plain)).toEqual(response)
      expect(kept.map(parseResponse)).toEqual([response])
    })
  }

  test('no two items of a response have the same id, and each says of which response it is', async () => {
    const turn = [text('a'), ...call(0), text('b'), ...call(1), ...call(2), stop('tool_calls')]
    const { output } = await collectResponse(streamOf([START, ...turn]), metaOf())
    const key = 'a'.repeat(32)
    expect(output.map(({ id }) => id)).toEqual([
      ...[`msg_${key}_0`, `fc_${key}_1`, `msg_${key}_2`, `fc_${key}_3`, `fc_${key}_4`],
    ])
  })

  test('the response says what was asked, what came of it, and what it cost', async () => {
    const tools = [
      { type: 'function', name: 'look', parameters: { type: 'object' }, strict: true },
      { type: 'web_search' },
    ]
    const body = {
      ...{ instructions: 'be brief', metadata: { a: 'b' }, user: 'me', max_output_tokens: 9 },
      ...{ tools, tool_choice: 'required', parallel_tool_calls: false, temperature: 0.5 },
      ...{ previous_response_id: 'resp_b', reasoning: { effort: 'low', summary: 'auto' } },
      text: { format: { type: 'json_schema', name: 'n', schema: { type: 'object' } } },
    }
    const response = await collectResponse(streamOf([START, text('pong'), stop()]), metaOf(body))
    expect(parseResponse(response)).toMatchObject({
      ...{ status: 'completed', created_at: 1, completed_at: 2, error: null, output_text: 'pong' },
      ...{ model: 'claude-x', instructions: 'be brief', metadata: { a: 'b' }, user: 'me' },
      ...{ max_output_tokens: 9, tool_choice: 'required', parallel_tool_calls: false },
      ...{ temperature: 0.5, previous_response_id: 'resp_b' },
      tools: [{ type: 'function', name: 'look', strict: true }],
      reasoning: { effort: 'low', summary: 'auto' },
      text: { format: { type: 'json_schema', name: 'n', strict: false } },
      usage: {
        ...{ input_tokens: 240, output_tokens: 17, total_tokens: 257 },
        input_tokens_details: { cached_tokens: 200, cache_write_tokens: 30 },
        output_tokens_details: { reasoning_tokens: 5 },
      },
    })
  })

  test('the owner may keep thinking to himself', async () => {
    const turn = [START, thinking('hm'), text('x'), stop()]
    const { events } = await streamed(turn, metaOf({}, { reasoning: false }))
    expect(requireWholeResponse(events).output.map(({ type }) => type)).toEqual(['message'])
  })
})

describe('an answer that is not whole says so', () => {
  const cases: [string, StopReason, string][] = [
    ['cut off', 'length', 'max_output_tokens'],
    ['out of room', 'context_window', 'max_output_tokens'],
    ['refused', 'refusal', 'content_filter'],
  ]
  for (const [name, reason, incomplete] of cases) {
    test(name, async () => {
      const { events } = await streamed([START, text('lon'), stop(reason)])
      const response = requireWholeResponse(events)
      expect(response).toMatchObject({
        ...{ status: 'incomplete', incomplete_details: { reason: incomplete } },
        ...{ completed_at: null, output_text: 'lon' },
      })
      expect(response.output[0]).toMatchObject({ status: 'incomplete' })
    })
  }

  test('a refusal is a part of its own', async () => {
    const { events } = await streamed([START, stop('refusal')])
    expect(requireWholeResponse(events).output).toMatchObject([
      { content: [{ type: 'refusal', refusal: 'The model declined to answer.' }] },
    ])
  })

  test('failed in the middle: response.failed with what there was', async () => {
    const { events, kept } = await streamed([START, text('lon'), failure(), text('g'), stop()])
    const response = requireWholeResponse(events)
    expect(response).toMatchObject({
      ...{ status: 'failed', output_text: 'lon', output: [{ status: 'incomplete' }] },
      error: { code: 'server_error', message: 'it broke', type: 'server_error' },
    })
    expect(kept.map(parseResponse)).toEqual([response])
  })

  test('ended without a word: response.failed', async () => {
    const { events } = await streamed([START, text('lon')])
    expect(requireWholeResponse(events)).toMatchObject({
      error: { message: expect.stringContaining('ended without a stop reason') },
    })
    const plain = collectResponse(streamOf([START]), metaOf()).catch((e: unknown) => e)
    expect(await plain).toMatchObject({ kind: 'worker' })
  })

  test('failed before it began: an error event, and nothing to keep', async () => {
    const { events, kept } = await streamed([failure(new TurnError('rate_limited', 'enough'))])
    expect(events.map(parseEvent)).toEqual([
      {
        ...{ type: 'error', sequence_number: 0, param: null },
        ...{ code: 'rate_limit_exceeded', message: 'enough' },
      },
    ])
    expect(kept).toEqual([])
    expect(parseEvent(toErrorEvent(new TurnError('internal', 'x')))).toMatchObject({
      type: 'error',
    })
  })

  test('a plain response that fails is an error of the request', async () => {
    const plain = collectResponse(streamOf([START, failure()]), metaOf()).catch((e: unknown) => e)
    expect(await plain).toMatchObject({ kind: 'upstream', message: 'it broke' })
  })
})
