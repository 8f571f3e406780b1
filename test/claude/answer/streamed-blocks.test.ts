import { describe, expect, test } from 'bun:test'
import type { CliMessage } from '../../../src/claude/process/protocol.ts'
import {
  block,
  closeBlock,
  endOf,
  start,
  stop,
  stream,
  translate,
  whole,
  wholeBlock,
} from '../../support/fakes/cli-messages.ts'

const begin = (content_block: { type: string; [key: string]: unknown }) =>
  stream({ type: 'content_block_start', index: 0, content_block })
const delta = (type: string, fields: object = {}) =>
  stream({ type: 'content_block_delta', index: 0, delta: { type, ...fields } })
const pieces = (...texts: string[]) => texts.map((text) => delta('text_delta', { text }))
const text = begin({ type: 'text', text: '' })
const call = begin({ type: 'tool_use', id: 'toolu_a', name: 'look' })
const json = (partial_json: string) => delta('input_json_delta', { partial_json })
const wholeText = (said: string) => whole(said, { id: 'msg_1' })
const wholeCall = (input: unknown, id = 'toolu_a') =>
  wholeBlock({ type: 'tool_use', id, name: 'look', input })

const end = (messages: readonly CliMessage[], reason = 'end_turn') =>
  endOf(translate([...messages, stop(reason)]))

const wrong: [string, CliMessage[], string][] = [
  ['a piece is missing', [start(), text, ...pieces('po'), wholeText('pong')], 'text block'],
  ['a piece is doubled', [start(), text, ...pieces('a', 'a'), wholeText('a')], 'text block'],
  ['pieces are swapped', [start(), text, ...pieces('b', 'a'), wholeText('ab')], 'text block'],
  ['a block is missing', [start(), wholeText('pong')], 'text block'],
  ['the whole of a call is missing', [start(), call, json('{}'), closeBlock], 'tool_use block'],
  ['the start is missing', [text, ...pieces('pong')], 'without its start'],
  ['arguments differ', [start(), call, json('{"x":1}'), wholeCall({ x: 2 })], 'tool_use block'],
  ['arguments are missing', [start(), call, wholeCall({ x: 2 })], 'tool_use block'],
  ['the call differs', [start(), call, wholeCall({}, 'toolu_b')], 'tool_use block'],
  ['a block is new', [start(), begin({ type: 'hologram' })], '"hologram"'],
  ['a piece is new', [start(), text, delta('light_delta')], '"light_delta"'],
  ['a piece is empty', [start(), text, delta('text_delta')], 'text_delta without text'],
  ['a piece has no block', [start(), ...pieces('a')], 'outside of a block'],
]

describe('an answer is an error that says why', () => {
  for (const [name, messages, words] of wrong) {
    test(`when ${name}`, () => {
      const message = expect.stringContaining(words)
      expect(end(messages)).toMatchObject({ type: 'error', error: { kind: 'worker', message } })
    })
  }
})

const right: [string, CliMessage[]][] = [
  ['blanks that the CLI does not print whole', [text, ...pieces(' \n'), closeBlock]],
  [
    'a text in front that the CLI does not print whole',
    [text, ...pieces('(no content)'), closeBlock, ...block('text', 'a'), closeBlock],
  ],
  ['a call without arguments', [call, wholeCall({}), closeBlock]],
  ['arguments that are not JSON', [call, json('{"x":'), wholeCall({ x: '' }), closeBlock]],
  ['two texts', [...block('text', 'a'), closeBlock, ...block('text', 'a'), closeBlock]],
  ['a hidden thought', [begin({ type: 'redacted_thinking' }), closeBlock]],
  ['a signature and sources', [text, delta('signature_delta'), delta('citations_delta')]],
]

describe('an answer is believed', () => {
  for (const [name, messages] of right) {
    test(`with ${name}`, () => {
      expect(end([start(), ...messages])).toMatchObject({ type: 'stop' })
    })
  }
})
