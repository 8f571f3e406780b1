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
  synthetic,
  textOf,
  endOf,
} from '../../support/fakes/cli-messages.ts'

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
