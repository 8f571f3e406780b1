import { describe, expect, test } from 'bun:test'
import { parseCliMessage } from '../../../src/claude/process/protocol.ts'

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
