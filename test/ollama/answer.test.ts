import { describe, expect, test } from 'bun:test'
import type { StopReason, TurnEvent } from '../../src/conversation/types.ts'
import { TurnError } from '../../src/errors.ts'
import { type AnswerMeta, toIdleReply, toLines, toWhole } from '../../src/ollama/answer.ts'

const usage = {
  ...{ uncachedTokens: 3, cachedTokens: 20, cacheCreationTokens: 3 },
  ...{ outputTokens: 7, reasoningTokens: 2 },
}
const START: TurnEvent = { type: 'start', id: 'msg_1', model: 'claude-x', usage }
const text = (said: string): TurnEvent => ({ type: 'text', text: said })
const thought = (said: string): TurnEvent => ({ type: 'thinking', text: said })
const stop = (reason: StopReason): TurnEvent => ({
  ...{ type: 'stop', reason, usage },
  stopSequence: undefined,
})
const call = (index: number, ...pieces: string[]): TurnEvent[] => [
  { type: 'tool_call', index, id: `t${index}`, name: 'look' },
  ...pieces.map((json): TurnEvent => ({ type: 'tool_arguments', index, json })),
]

/** A clock that goes on by a quarter of a second each time it is looked at. */
function metaOf(more: Partial<AnswerMeta> = {}): AnswerMeta {
  let now = 1_000
  return {
    toPiece: (piece) => piece,
    thinking: true,
    startedAt: 500,
    now: () => (now += 250),
    ...more,
  }
}

const streamOf = (events: readonly TurnEvent[]) =>
  new ReadableStream<TurnEvent>({
    start(controller) {
      for (const event of events) controller.enqueue(event)
      controller.close()
    },
  })
const lines = (events: readonly TurnEvent[], meta = metaOf()) =>
  Array.fromAsync(streamOf(events).pipeThrough(toLines(meta)))
const whole = (events: readonly TurnEvent[], meta = metaOf()) => toWhole(streamOf(events), meta)

const DONE = { text: '', done: true, prompt_eval_count: 26, eval_count: 7, load_duration: 0 }

describe('a streamed answer', () => {
  test('is a line for each piece, and a last one with what it took', async () => {
    expect(await lines([START, thought('Hm.'), text('a'), text('b'), stop('end')])).toEqual([
      {
        ...{ model: 'claude-x', created_at: '1970-01-01T00:00:01.500Z' },
        ...{ text: '', thinking: 'Hm.', done: false },
      },
      { model: 'claude-x', created_at: '1970-01-01T00:00:01.750Z', text: 'a', done: false },
      { model: 'claude-x', created_at: '1970-01-01T00:00:02.000Z', text: 'b', done: false },
      {
        ...{ model: 'claude-x', created_at: '1970-01-01T00:00:02.250Z', ...DONE },
        done_reason: 'stop',
        // From 500 ms, when it was asked, over 1,250, when it began, to 2,250.
        total_duration: 1_750_000_000,
        prompt_eval_duration: 750_000_000,
        eval_duration: 1_000_000_000,
      },
    ])
  })

  test('has every call whole, in order, with its arguments as an object', async () => {
    const events = [
      START,
      text('See.'),
      ...call(0, '{"at":', '"sky"}'),
      ...call(1),
      stop('tool_calls'),
    ]
    expect(await lines(events)).toMatchObject([
      { text: 'See.' },
      { calls: [{ id: 't0', function: { name: 'look', arguments: { at: 'sky' } } }], done: false },
      { calls: [{ id: 't1', function: { name: 'look', arguments: {} } }], done: false },
      { ...DONE, done_reason: 'stop' },
    ])
  })

  test('leaves out a call that was cut off: nobody could run it', async () => {
    expect(await lines([START, ...call(0, '{"at":'), stop('length')])).toMatchObject([
      { ...DONE, done_reason: 'length' },
    ])
  })

  test('ends with an error when the turn fails, and says nothing after it', async () => {
    const error = new TurnError('overloaded', 'Overloaded.')
    const frames = await lines([START, text('a'), { type: 'error', error }, stop('end')])
    expect(frames.slice(1)).toEqual([{ error: 'Overloaded.' }])
  })

  test('ends with an error when the turn does not say how it ended', async () => {
    expect((await lines([START, text('a')])).at(-1)).toEqual({ error: expect.any(String) })
  })

  test('shows no thinking where it is not wanted', async () => {
    const meta = metaOf({ thinking: false })
    expect(await lines([START, thought('Hm.'), stop('end')], meta)).toMatchObject([DONE])
  })
})

const REASONS: Record<StopReason, string> = {
  ...{ end: 'stop', stop_sequence: 'stop', tool_calls: 'stop' },
  ...{ length: 'length', context_window: 'length', refusal: 'content_filter' },
}
for (const reason of [
  'end',
  'stop_sequence',
  'tool_calls',
  'length',
  'context_window',
  'refusal',
] as const) {
  test(`an answer that ended by ${reason} is done by ${REASONS[reason]}`, async () => {
    expect(await whole([START, stop(reason)])).toMatchObject({ done_reason: REASONS[reason] })
  })
}

test('a whole answer has it all in one object', async () => {
  const events = [START, thought('Hm.'), text('See.'), ...call(0, '{"at":1}'), stop('tool_calls')]
  expect(await whole(events)).toEqual({
    ...{ model: 'claude-x', created_at: '1970-01-01T00:00:01.500Z', ...DONE },
    ...{ text: 'See.', thinking: 'Hm.', done_reason: 'stop' },
    calls: [{ id: 't0', function: { name: 'look', arguments: { at: 1 } } }],
    ...{ total_duration: 1_000_000_000, prompt_eval_duration: 750_000_000 },
    eval_duration: 250_000_000,
  })
})

test('a clock that is set back makes no negative durations', async () => {
  let now = 1_000
  const meta = metaOf({ startedAt: 5_000, now: () => (now -= 100) })
  expect(await whole([START, stop('end')], meta)).toMatchObject({
    ...{ total_duration: 0, prompt_eval_duration: 0, eval_duration: 0 },
  })
})

const IDLE: [keepAlive: unknown, reason: string][] = [
  [undefined, 'load'],
  ['5m', 'load'],
  ['10s', 'load'],
  [-1, 'load'],
  [0, 'unload'],
  ['0', 'unload'],
  ['0s', 'unload'],
]
for (const [keepAlive, reason] of IDLE) {
  test(`a request that asks nothing, with keep_alive ${JSON.stringify(keepAlive)}, is answered by ${reason}`, () => {
    expect(toIdleReply('sonnet', 0, { response: '' }, keepAlive)).toEqual({
      ...{ model: 'sonnet', created_at: '1970-01-01T00:00:00.000Z', response: '' },
      ...{ done: true, done_reason: reason },
    })
  })
}
