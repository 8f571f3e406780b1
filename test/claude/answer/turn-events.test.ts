import { describe, expect, test } from 'bun:test'
import type { CliMessage } from '../../../src/claude/process/protocol.ts'
import { TurnTranslator } from '../../../src/claude/answer/turn-events.ts'
import { DEFAULT_PARAMETERS } from '../../../src/conversation/types.ts'
import {
  translator,
  translate,
  stream,
  start,
  block,
  closeBlock,
  stop,
  messageStop,
  result,
  whole,
  wholeBlock,
  textOf,
  endOf,
} from '../../support/fakes/cli-messages.ts'

/** A block of text, whole. */
const text = (...pieces: string[]) => [...block('text', ...pieces), closeBlock]

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
  ]
  for (const [word, reason, spent] of reasons) {
    test(`${word} is ${reason}${spent ? ', and the worker must go' : ''}`, () => {
      const turn = translator()
      const events = translate([start(), ...block('text', 'a'), stop(word)], turn)
      expect(endOf(events)).toMatchObject({ type: 'stop', reason })
      expect(turn.spent).toBe(spent)
    })
  }

  for (const word of ['pause_turn', 'brand_new']) {
    test(`${word} is an error that names it: the answer may not be complete`, () => {
      const events = translate([start(), ...block('text', 'a'), stop(word)])
      const message = expect.stringContaining(`"${word}"`)
      expect(endOf(events)).toMatchObject({ type: 'error', error: { kind: 'upstream', message } })
    })
  }

  test('a call of a tool that nobody offered is told, and the worker must go: the CLI answers it', () => {
    const turn = translator()
    const called = { type: 'tool_use', id: 'toolu_a', name: 'smell' }
    const events = translate(
      [
        start(),
        stream({ type: 'content_block_start', index: 0, content_block: called }),
        wholeBlock({ ...called, input: {} }),
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
