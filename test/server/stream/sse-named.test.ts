import { expect, test } from 'bun:test'
import { sseFrame, sseResponse, toSse } from '../../../src/server/stream/sse.ts'

test('a named frame has its type as the name of the event', () => {
  const frame = { type: 'ping' }
  expect(sseFrame(frame, { named: true })).toBe('event: ping\ndata: {"type":"ping"}\n\n')
  expect(sseFrame(frame)).toBe('data: {"type":"ping"}\n\n')
  expect(sseFrame('[DONE]', { named: true })).toBe('data: [DONE]\n\n')
})

test('silence is filled with comments before the stream begins, and with its own frames after', async () => {
  const { readable, writable } = toSse({ named: true })
  const writer = writable.getWriter()
  const source = Promise.withResolvers<ReadableStream<Uint8Array>>()
  const ping = sseFrame({ type: 'ping' }, { named: true })
  const { body } = sseResponse(source.promise, {}, 5, ping)
  const reader = (body ?? new ReadableStream<Uint8Array>()).getReader()
  const next = async () => new TextDecoder().decode((await reader.read()).value)

  expect(await next()).toBe(': keep-alive\n\n')
  source.resolve(readable)
  await writer.ready
  void writer.write({ type: 'message_start' })
  const upToStart = async (): Promise<string> => {
    const chunk = await next()
    return chunk === ': keep-alive\n\n' ? upToStart() : chunk
  }
  expect(await upToStart()).toBe('event: message_start\ndata: {"type":"message_start"}\n\n')
  expect(await next()).toBe(ping)
  expect(await next()).toBe(ping)
  void writer.close()
  const rest: string[] = []
  for (let chunk = await next(); chunk !== ''; chunk = await next()) rest.push(chunk)
  expect(new Set(rest).size).toBeLessThanOrEqual(1)
})
