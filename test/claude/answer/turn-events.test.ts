import { describe, expect, test } from 'bun:test'
import type { CliMessage, StreamEvent } from '../../../src/claude/process/protocol.ts'
import { parseCliMessage } from '../../../src/claude/process/protocol.ts'
import { TurnTranslator } from '../../../src/claude/answer/turn-events.ts'
import { DEFAULT_PARAMETERS, type TurnEvent } from '../../../src/conversation/types.ts'

const translator = () => new TurnTranslator({ parameters: DEFAULT_PARAMETERS, tools: [] })

/** Everything that a turn's messages become, in order. */
function translate(messages: readonly CliMessage[], turn = translator()): TurnEvent[] {
  return messages.flatMap((message) => turn.translate(message))
}

const stream = (event: StreamEvent): CliMessage => ({ type: 'stream_event', event })
const start = (id = 'msg_1') =>
  stream({
    type: 'message_start',
    message: { id, model: 'claude-x', usage: { input_tokens: 3, output_tokens: 1 } },
  })
const block = (type: string, ...pieces: string[]) => [
  stream({ type: 'content_block_start', index: 0, content_block: { type } }),
  ...pieces.map((text) =>
    stream({
      type: 'content_block_delta',
      index: 0,
      delta: type === 'thinking' ? { type: 'thinking_delta', thinking: text } : { type: 'x', text },
    }),
  ),
]
const closeBlock = stream({ type: 'content_block_stop', index: 0 })
const stop = (stop_reason: string) =>
  stream({ type: 'message_delta', delta: { stop_reason }, usage: { output_tokens: 7 } })
const messageStop = (from_block_index?: number): CliMessage => ({
  ...stream({ type: 'message_stop' }),
  ...(from_block_index !== undefined && { abandoned_blocks: { from_block_index } }),
})
const result = (fields: Partial<Extract<CliMessage, { type: 'result' }>> = {}): CliMessage => ({
  ...{ type: 'result', subtype: 'success', is_error: false },
  ...fields,
})
const whole = (text: string, fields: { id?: string; stop_reason?: string } = {}): CliMessage => ({
  type: 'assistant',
  message: { id: 'msg_2', model: 'claude-x', content: [{ type: 'text', text }], ...fields },
})
const synthetic = (error: string): CliMessage => ({
  type: 'assistant',
  message: { id: 'x', model: '<synthetic>', content: [{ type: 'text', text: 'API Error: 1' }] },
  error,
})

const textOf = (events: readonly TurnEvent[]) =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('')
const endOf = (events: readonly TurnEvent[]) => {
  const ends = events.filter(({ type }) => type === 'stop' || type === 'error')
  expect(ends.length).toBe(1)
  expect(ends[0]).toBe(events.at(-1))
  return ends[0]
}

describe('a plain answer', () => {
  test('is start, its pieces as they come, and one stop with the usage', () => {
    const events = translate([
      start(),
      ...block('thinking', 'hm'),
      closeBlock,
      ...block('text', 'po', 'ng'),
      closeBlock,
      stop('end_turn'),
      stream({ type: 'message_stop' }),
      whole('pong', { id: 'msg_1' }),
      result({ usage: { input_tokens: 99 } }),
    ])
    expect(events).toMatchObject([
      { type: 'start', id: 'msg_1', model: 'claude-x' },
      { type: 'thinking', text: 'hm' },
      { type: 'text', text: 'po' },
      { type: 'text', text: 'ng' },
      { type: 'stop', reason: 'end', usage: { uncachedTokens: 3, outputTokens: 7 } },
    ])
  })

  test('tells its blocks apart, and those that something unseen stands between', () => {
    const unseen = stream({
      ...{ type: 'content_block_start', index: 1 },
      content_block: { type: 'redacted_thinking' },
    })
    const text = (...pieces: string[]) => [...block('text', ...pieces), closeBlock]
    const parts = [...text('a', 'b'), ...text(), ...text('c'), unseen, closeBlock, ...text('d')]
    const events = translate([start(), ...parts, stop('end_turn')])
    const short = events.map((event) => (event.type === 'text' ? event.text : event.type))
    expect(short.join(' ')).toMatch(/^start a b (next_block )+c next_block d stop$/)
  })

  test('tells its blocks apart, too, where they were held back for the sake of JSON', () => {
    const outputSchema = { schema: { type: 'object' }, strict: false }
    const turn = new TurnTranslator({ parameters: DEFAULT_PARAMETERS, tools: [], outputSchema })
    const texts = [...block('text', 'a', 'b'), closeBlock, ...block('text', 'c'), closeBlock]
    const events = translate([start(), ...texts, stop('end_turn')], turn)
    const short = events.map((event) => (event.type === 'text' ? event.text : event.type))
    expect(short).toEqual(['start', 'ab', 'next_block', 'c', 'stop'])
  })

  test('that the CLI also prints whole is not told twice', () => {
    const messages = [start(), ...block('text', 'pong'), whole('pong', { id: 'msg_1' })]
    expect(textOf(translate(messages))).toBe('pong')
  })

  test('is over with its stop: what the CLI prints later is not for the client', () => {
    const turn = translator()
    translate([start(), ...block('text', 'a'), stop('end_turn')], turn)
    const later = [start('msg_9'), ...block('text', 'more'), stop('end_turn'), result()]
    expect(translate(later, turn)).toEqual([])
    expect(turn.fail(new Error('late'))).toEqual([])
  })

  test('names the stop sequence that ended it', () => {
    const delta = { stop_reason: 'stop_sequence', stop_sequence: 'END' }
    const ended = stream({ type: 'message_delta', delta })
    const events = translate([start(), ...block('text', 'a'), ended])
    expect(endOf(events)).toMatchObject({ reason: 'stop_sequence', stopSequence: 'END' })
  })
})

describe('stop reasons', () => {
  const reasons: [string, string, boolean][] = [
    ['end_turn', 'end', false],
    ['stop_sequence', 'stop_sequence', false],
    ['max_tokens', 'length', true],
    ['model_context_window_exceeded', 'context_window', true],
    ['refusal', 'refusal', true],
    ['pause_turn', 'end', false],
    ['brand_new', 'end', false],
  ]
  for (const [word, reason, spent] of reasons) {
    test(`${word} is ${reason}${spent ? ', and the worker must go' : ''}`, () => {
      const turn = translator()
      const events = translate([start(), ...block('text', 'a'), stop(word)], turn)
      expect(endOf(events)).toMatchObject({ type: 'stop', reason })
      expect(turn.spent).toBe(spent)
    })
  }

  test('a call of a tool that nobody offered is told, and the worker must go: the CLI answers it', () => {
    const turn = translator()
    const called = { type: 'tool_use', id: 'toolu_a', name: 'smell' }
    const events = translate(
      [
        start(),
        stream({ type: 'content_block_start', index: 0, content_block: called }),
        ...[closeBlock, stop('tool_use')],
      ],
      turn,
    )
    expect(endOf(events)).toMatchObject({ type: 'stop', reason: 'tool_calls' })
    expect(turn.goesOnAlone).toBe(true)
  })

  const empty: [string, CliMessage[]][] = [
    ['nothing', []],
    ['only blanks', block('text', ' ', '\n')],
    ['only thinking', block('thinking', 'hm')],
  ]
  for (const [name, blocks] of empty) {
    test(`an answer of ${name} ends well, and the worker must go: the CLI would ask again`, () => {
      const turn = translator()
      expect(endOf(translate([start(), ...blocks, stop('end_turn')], turn))).toMatchObject({
        ...{ type: 'stop', reason: 'end' },
      })
      expect(turn.spent).toBe(true)
    })
  }
})

test('the end of the message before, which the CLI prints late, does not end a new answer', () => {
  const events = translate([messageStop(), start(), ...block('text', 'pong'), stop('end_turn')])
  expect(textOf(events)).toBe('pong')
  expect(endOf(events)).toMatchObject({ type: 'stop', reason: 'end' })
})

describe('an attempt that broke off', () => {
  const begun = [start('msg_1'), ...block('text', 'one two')]

  test('and is repeated with the same words goes on where it stopped', () => {
    const events = translate([
      ...begun,
      start('msg_2'),
      ...block('text', 'one', ' two', ' three'),
      stop('end_turn'),
    ])
    expect(events.filter(({ type }) => type === 'start').length).toBe(1)
    expect(textOf(events)).toBe('one two three')
    expect(endOf(events)).toMatchObject({ type: 'stop' })
  })

  test('and is repeated with other words is an error, and nothing is told twice', () => {
    const events = translate([
      ...begun,
      start('msg_2'),
      ...block('text', 'one', ' 2'),
      stop('end_turn'),
      result(),
    ])
    expect(textOf(events)).toBe('one two')
    expect(endOf(events)).toMatchObject({ type: 'error', error: { kind: 'upstream' } })
  })

  test('and is repeated with fewer words is an error, not a shorter answer', () => {
    const events = translate([...begun, start('msg_2'), ...block('text', 'one'), stop('end_turn')])
    expect(endOf(events)).toMatchObject({ type: 'error', error: { kind: 'upstream' } })
  })

  test('and then comes whole, without a stream, is completed from that', () => {
    const events = translate([...begun, whole('one two three', { stop_reason: 'end_turn' })])
    expect(textOf(events)).toBe('one two three')
    expect(endOf(events)).toMatchObject({ type: 'stop', reason: 'end' })
  })

  test('and then fails is an error after what came', () => {
    const events = translate([
      ...begun,
      synthetic('server_error'),
      result({ is_error: true, result: 'API Error: Overloaded', api_error_status: 529 }),
    ])
    expect(textOf(events)).toBe('one two')
    expect(endOf(events)).toMatchObject({ type: 'error', error: { kind: 'overloaded' } })
  })
})

describe('an answer without its end', () => {
  const requesting: CliMessage = { type: 'system', subtype: 'status', status: 'requesting' }
  const refused = {
    is_error: true,
    terminal_reason: 'blocking_limit',
    result: 'Prompt is too long',
  }
  const said = [start(), ...block('text', 'a'), closeBlock]
  const thought = [start(), ...block('thinking', 'hm'), closeBlock]

  const endings: [string, CliMessage[]][] = [
    ['whose text the CLI would have continued', [...said, messageStop(1)]],
    ['that says no reason', [...said, messageStop()]],
    ['behind which the CLI asks once more', [...said, requesting]],
    ['behind which the CLI refused to ask', [...said, result(refused)]],
    ['that the CLI takes for one', [...said, result({ stop_reason: null })]],
  ]
  for (const [name, messages] of endings) {
    test(`${name} is a failure of the model API, and the worker must go`, () => {
      const turn = translator()
      const events = translate([requesting, ...messages], turn)
      expect(endOf(events)).toMatchObject({ type: 'error', error: { kind: 'upstream' } })
      expect(turn.goesOnAlone).toBe(true)
    })
  }

  test('is not the answer before, whose end comes when the client has asked anew', () => {
    const events = translate([
      stream({ type: 'message_stop' }),
      ...[start(), ...block('text', 'pong'), closeBlock, stop('end_turn')],
    ])
    expect(textOf(events)).toBe('pong')
    expect(endOf(events)).toMatchObject({ type: 'stop', reason: 'end' })
  })

  test('waits for what the CLI makes of it, if nothing of it can be used', () => {
    for (const messages of [
      [start(), ...block('text', 'a'), closeBlock, messageStop(0)],
      [...thought, messageStop(1)],
      [...said, synthetic('server_error'), messageStop(1)],
    ]) {
      expect(translate(messages).map(({ type }) => type)).not.toContain('error')
    }
  })

  test('is not a prompt that is too long, which the CLI refuses before any answer', () => {
    const events = translate([requesting, synthetic('invalid_request'), result(refused)])
    expect(endOf(events)).toMatchObject({ error: { kind: 'context_length_exceeded' } })
  })
})

describe('an answer that never was a stream', () => {
  test('is told from the whole message', () => {
    const events = translate([whole('all at once'), result({ stop_reason: 'end_turn' })])
    expect(events.map(({ type }) => type)).toEqual(['start', 'text', 'stop'])
    expect(textOf(events)).toBe('all at once')
  })
})

describe('an error that is dressed as an answer', () => {
  test('is an error: its text is never told', () => {
    const events = translate([
      synthetic('authentication_failed'),
      result({ is_error: true, result: 'Not logged in · Please run /login' }),
    ])
    expect(textOf(events)).toBe('')
    expect(endOf(events)).toMatchObject({ type: 'error', error: { kind: 'not_logged_in' } })
  })

  test('a result that is no success is an error too', () => {
    const events = translate([result({ subtype: 'error_during_execution', is_error: false })])
    expect(endOf(events)).toMatchObject({ type: 'error' })
  })

  test('a turn that ended without asking the model is the fault of the message', () => {
    const events = translate([result({ num_turns: 0 })])
    expect(endOf(events)).toMatchObject({ type: 'error', error: { kind: 'invalid_request' } })
  })

  test('a rate limit takes its time of return from what the CLI said of it', () => {
    const now = 1_795_000_000_000
    const turn = new TurnTranslator({ parameters: DEFAULT_PARAMETERS, tools: [] }, () => now)
    const rate_limit_info = { status: 'rejected', resetsAt: now / 1000 + 60 }
    const events = translate(
      [
        { type: 'rate_limit_event', rate_limit_info },
        result({ is_error: true, api_error_status: 429, result: "You've hit your limit" }),
      ],
      turn,
    )
    expect(events[0]).toMatchObject({ type: 'rate_limit', rateLimit: { status: 'rejected' } })
    expect(endOf(events)).toMatchObject({ error: { kind: 'rate_limited', retryAfterS: 60 } })
  })
})

describe('usage', () => {
  test('keeps apart what was read from and written to the cache, and the share of thinking', () => {
    const usage = {
      input_tokens: 10,
      cache_read_input_tokens: 200,
      cache_creation_input_tokens: 30,
      output_tokens: 17,
      output_tokens_details: { thinking_tokens: 5 },
    }
    const ended = stream({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage })
    const events = translate([start(), ...block('text', 'a'), ended])
    expect(endOf(events)).toMatchObject({
      usage: {
        uncachedTokens: 10,
        cachedTokens: 200,
        cacheCreationTokens: 30,
        outputTokens: 17,
        reasoningTokens: 5,
      },
    })
  })

  test('is an estimate of what came, if a stop sequence of blanks ends the answer', () => {
    const parameters = { ...DEFAULT_PARAMETERS, stopSequences: ['\n'] }
    const counted: CliMessage = {
      ...{ type: 'system', subtype: 'thinking_tokens', estimated_tokens_delta: 40 },
    }
    const usageOf = (...messages: CliMessage[]) => {
      const turn = new TurnTranslator({ parameters, tools: [] })
      const end = endOf(translate([start(), ...messages], turn))
      return end?.type === 'stop' ? end.usage : end
    }
    // 14 bytes are 4 tokens; the model API's word at the start was 1 token.
    expect(usageOf(...block('text', 'seven letters\n'))).toMatchObject({
      ...{ uncachedTokens: 3, outputTokens: 4, reasoningTokens: 0 },
    })
    expect(usageOf(...block('text', '\n'))).toMatchObject({ outputTokens: 1 })
    // Of thinking, the CLI counts more than it shows.
    expect(
      usageOf(...block('thinking', 'hm'), closeBlock, counted, counted, ...block('text', 'a\n')),
    ).toMatchObject({ outputTokens: 81, reasoningTokens: 80 })
  })

  test('keeps an earlier count where a later one is null or absent', () => {
    const usage = { input_tokens: null, output_tokens: 9 }
    const ended = stream({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage })
    const events = translate([start(), ...block('text', 'a'), ended])
    expect(endOf(events)).toMatchObject({ usage: { uncachedTokens: 3, outputTokens: 9 } })
  })
})

describe('parseCliMessage', () => {
  test('passes over what this version does not know', () => {
    const unknown = [
      { type: 'brand_new' },
      { type: 'stream_event', event: { type: 'ping' } },
      { type: 'result' },
      ...[null, 1, 'text', []],
    ]
    expect(unknown.map(parseCliMessage)).toEqual(unknown.map(() => undefined))
  })

  test('does not pass over a piece of an answer that it cannot read', () => {
    const piece = { type: 'stream_event', event: { type: 'content_block_delta', index: 0 } }
    expect(() => parseCliMessage(piece)).toThrow("a 'content_block_delta' that cannot be read")
  })

  test('takes a known message with more in it than is known', () => {
    const message = { type: 'system', subtype: 'status', status: 'requesting', new_field: 1 }
    expect(parseCliMessage(message)).toMatchObject({ type: 'system', status: 'requesting' })
  })
})
