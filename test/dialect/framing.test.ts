import { expect, test } from 'bun:test'
import { isStreamed, NAMED_SSE, NDJSON, SSE } from '../../src/dialect/framing.ts'

const PING = { type: 'ping' }
const FRAMES: [name: string, framing: typeof SSE, frame: object | string, written: string][] = [
  ['SSE: an object', SSE, PING, 'data: {"type":"ping"}\n\n'],
  ['SSE: a text', SSE, '[DONE]', 'data: [DONE]\n\n'],
  ['named SSE: an object with a type', NAMED_SSE, PING, 'event: ping\ndata: {"type":"ping"}\n\n'],
  ['named SSE: an object without', NAMED_SSE, { a: 1 }, 'data: {"a":1}\n\n'],
  ['named SSE: a text', NAMED_SSE, '[DONE]', 'data: [DONE]\n\n'],
  ['NDJSON: a line break in a text', NDJSON, { a: 'x\ny' }, '{"a":"x\\ny"}\n'],
]
for (const [name, framing, frame, written] of FRAMES) {
  test(name, () => expect(framing.write(frame)).toBe(written))
}

test('events have comments; lines of JSON have none, since clients parse them all', () => {
  expect(SSE.comment?.(['a: 1', 'b'])).toBe(': a: 1\n: b\n\n')
  expect(NAMED_SSE.comment?.(['a'])).toBe(': a\n\n')
  expect(NDJSON.comment).toBeUndefined()
})

test('a streamed answer is told by its content type', () => {
  for (const { contentType } of [SSE, NAMED_SSE, NDJSON]) expect(isStreamed(contentType)).toBeTrue()
  expect(isStreamed('application/json')).toBeFalse()
  expect(isStreamed(null)).toBeFalse()
})
