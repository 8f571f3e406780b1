import { describe, expect, test } from 'bun:test'
import { toMessage } from '../../src/anthropic/messages-response.ts'
import { toMessageEvents } from '../../src/anthropic/messages-stream.ts'
import { collect } from '../../src/dialect/collect.ts'
import type { StopReason, TurnEvent, Usage } from '../../src/conversation/types.ts'
import { TurnError } from '../../src/errors.ts'
import { MessageObject, messageEvents } from '../support/shapes/messages-events.ts'
import { NAMED_SSE } from '../../src/dialect/framing.ts'
import { toBytes } from '../../src/server/stream/stream-response.ts'

const usage: Usage = {
  ...{ uncachedTokens: 10, cachedTokens: 60, cacheCreationTokens: 30 },
  ...{ outputTokens: 7, reasoningTokens: 3 },
}
const start: TurnEvent = {
  type: 'start',
  id: 'msg_1',
  model: 'm',
  usage: { ...usage, outputTokens: 1 },
}
const stop = (reason: StopReason, stopSequence?: string): TurnEvent => ({
  ...{ type: 'stop', reason, usage },
  stopSequence,
})
const text = (words: string): TurnEvent => ({ type: 'text', text: words })
const thought = (words: string): TurnEvent => ({ type: 'thinking', text: words })
const calls = (index: number, ...pieces: string[]): TurnEvent[] => [
  { type: 'tool_call', index, id: `t${index}`, name: 'look' },
  ...pieces.map((json): TurnEvent => ({ type: 'tool_arguments', index, json })),
]

function streamOf(events: readonly TurnEvent[]): ReadableStream<TurnEvent> {
  return new ReadableStream({
    start(controller) {
      for (const event of events) controller.enqueue(event)
      controller.close()
    },
  })
}

/** Through the wire and its checks. */
function stream(events: TurnEvent[], { thinking = true } = {}) {
  const frames = streamOf(events).pipeThrough(toMessageEvents({ requestId: 'req_1', thinking }))
  const response = new Response(frames.pipeThrough(toBytes(NAMED_SSE)))
  return Array.fromAsync(messageEvents(response))
}

const whole = async (events: TurnEvent[], { thinking = true } = {}) =>
  MessageObject.parse(toMessage(await collect(streamOf(events)), { thinking }))

const ANSWER: TurnEvent[] = [
  start,
  thought('h'),
  thought('m'),
  text('a'),
  text('b'),
  ...calls(0, '{"x"', ':1}'),
  ...calls(1, '{}'),
  text('c'),
  { type: 'next_block' },
  text('d'),
  {
    type: 'rate_limit',
    rateLimit: {
      status: 'allowed',
      resetsAt: undefined,
      window: undefined,
      utilization: undefined,
    },
  },
  stop('tool_calls'),
]

const BLOCKS = [
  { type: 'thinking', thinking: 'hm', signature: '' },
  { type: 'text', text: 'ab' },
  { type: 'tool_use', id: 't0', name: 'look', input: { x: 1 }, caller: { type: 'direct' } },
  { type: 'tool_use', id: 't1', name: 'look', input: {}, caller: { type: 'direct' } },
  { type: 'text', text: 'c' },
  { type: 'text', text: 'd' },
]

describe('turn events as the events of the Messages API', () => {
  test('come block by block, in order', async () => {
    const events = await stream(ANSWER)
    const short = events.map((event) => {
      if (event.type === 'content_block_start') return `${event.index} ${event.content_block.type}`
      if (event.type === 'content_block_delta') return `${event.index} ${event.delta.type}`
      return 'index' in event ? `${event.index} ${event.type}` : event.type
    })
    expect(short).toEqual([
      ...['message_start', 'ping'],
      ...['0 thinking', '0 thinking_delta', '0 thinking_delta', '0 content_block_stop'],
      ...['1 text', '1 text_delta', '1 text_delta', '1 content_block_stop'],
      ...['2 tool_use', '2 input_json_delta', '2 input_json_delta', '2 content_block_stop'],
      ...['3 tool_use', '3 input_json_delta', '3 content_block_stop'],
      ...['4 text', '4 text_delta', '4 content_block_stop'],
      ...['5 text', '5 text_delta', '5 content_block_stop'],
      ...['message_delta', 'message_stop'],
    ])
  })

  test('leave out thinking that is not shown, and count on without it', async () => {
    const events = await stream(ANSWER, { thinking: false })
    expect(JSON.stringify(events)).not.toContain('hm')
    expect(events.find(({ type }) => type === 'content_block_start')).toMatchObject({
      ...{ index: 0, content_block: { type: 'text' } },
    })
  })

  test('tell the tokens read at the start and all at the end, those of the cache apart', async () => {
    const events = await stream([start, text('a'), stop('end')])
    const read = {
      ...{ input_tokens: 10, cache_read_input_tokens: 60, cache_creation_input_tokens: 30 },
    }
    expect(events[0]).toMatchObject({ message: { usage: { ...read, output_tokens: 1 } } })
    expect(events.at(-2)).toMatchObject({
      usage: { ...read, output_tokens: 7, output_tokens_details: { thinking_tokens: 3 } },
    })
  })

  test('of an answer without content are its head and tail', async () => {
    const events = await stream([start, stop('length')])
    expect(events.map(({ type }) => type).join(' ')).toBe(
      'message_start ping message_delta message_stop',
    )
  })

  test('end with an error and no message_stop when the turn fails', async () => {
    const error = new TurnError('overloaded', 'Too many.')
    const events = await stream([start, text('a'), { type: 'error', error }])
    expect(events.at(-1)).toEqual({
      ...{ type: 'error', request_id: 'req_1' },
      error: { type: 'overloaded_error', message: 'Too many.' },
    })
  })

  test('end with an error when the turn just ends', async () => {
    expect((await stream([start, text('a')])).at(-1)).toMatchObject({ type: 'error' })
  })
})

const REASONS: [StopReason, string][] = [
  ['end', 'end_turn'],
  ['length', 'max_tokens'],
  ['context_window', 'model_context_window_exceeded'],
  ['stop_sequence', 'stop_sequence'],
  ['tool_calls', 'tool_use'],
  ['refusal', 'refusal'],
]
for (const [reason, stop_reason] of REASONS) {
  test(`a turn that stops by ${reason} has the stop_reason ${stop_reason}`, async () => {
    const sequence = reason === 'stop_sequence' ? 'END' : undefined
    const events = [start, text('a'), stop(reason, sequence)]
    const tail = { stop_reason, stop_sequence: sequence ?? null }
    expect((await stream(events)).at(-2)).toMatchObject({ delta: tail })
    expect(await whole(events)).toMatchObject(tail)
  })
}

describe('a whole message', () => {
  test('has the blocks in the order in which the model wrote them', async () => {
    const message = await whole(ANSWER)
    expect(message).toMatchObject({ id: 'msg_1', model: 'm', stop_reason: 'tool_use' })
    expect(message).toMatchObject({ content: BLOCKS })
  })

  test('has no thinking that is not to be shown', async () => {
    const message = await whole(ANSWER, { thinking: false })
    expect(message).toMatchObject({ content: BLOCKS.slice(1) })
  })

  test('has an empty input for a call whose arguments were cut off', async () => {
    const message = await whole([start, ...calls(0, '{"x":'), stop('length')])
    expect(message.content).toMatchObject([{ type: 'tool_use', input: {} }])
  })
})
