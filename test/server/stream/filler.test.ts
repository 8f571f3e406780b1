import { describe, expect, test } from 'bun:test'
import { type Framing, NAMED_SSE, NDJSON } from '../../../src/dialect/framing.ts'
import { Remarks } from '../../../src/dialect/remarks.ts'
import type { AnswerFacts } from '../../../src/server/lifetime.ts'
import { streamAnswer } from '../../../src/server/stream/stream-answer.ts'

const PING = { type: 'ping' }
const COMMENT = ': keep-alive\n\n'

/** A stream that begins and goes on when the test says so, with a heartbeat of 5 ms. */
async function silentStream(framing: Framing) {
  const answer = Promise.withResolvers<AnswerFacts>()
  const { readable, writable } = new TransformStream<object, object>()
  const response = await streamAnswer({
    ...{ framing, remarks: new Remarks(), keepAlive: () => PING, toErrorFrame: () => ({}) },
    ...{ answer: answer.promise, frames: answer.promise.then(() => readable) },
    ...{ graceMs: 1, heartbeatMs: 5 },
  })
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
  const next = async () => new TextDecoder().decode((await reader.read()).value)
  const nextBut = async (filler: string): Promise<string> => {
    const chunk = await next()
    return chunk === filler ? nextBut(filler) : chunk
  }
  const begin = () => answer.resolve({ worker: 'cold', ignored: [] })
  return { response, next, nextBut, begin, writer: writable.getWriter() }
}

describe('what fills a silence', () => {
  test('is a comment before the stream begins, and a frame of the dialect after', async () => {
    const { next, nextBut, begin, writer } = await silentStream(NAMED_SSE)
    expect(await next()).toBe(COMMENT)
    begin()
    expect(await nextBut(COMMENT)).toBe(': x-claude-max-api-worker: cold\n\n')
    void writer.write({ type: 'message_start' })
    const ping = NAMED_SSE.write(PING)
    expect(await nextBut(ping)).toBe(NAMED_SSE.write({ type: 'message_start' }))
    expect([await next(), await next()]).toEqual([ping, ping])
    void writer.close()
    expect(await nextBut(ping)).toBe('')
  })

  test('is a frame of the dialect from the start where there are no comments', async () => {
    const { response, next, nextBut, begin, writer } = await silentStream(NDJSON)
    const ping = NDJSON.write(PING)
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    expect(await next()).toBe(ping)
    begin()
    void writer.write({ done: false })
    expect(await nextBut(ping)).toBe('{"done":false}\n')
    expect(await next()).toBe(ping)
    void writer.close()
    expect(await nextBut(ping)).toBe('')
  })
})
