import { afterEach, describe, expect, jest, test } from 'bun:test'
import type { TurnEvent } from '../../../src/conversation/types.ts'
import { Remarks } from '../../../src/dialect/remarks.ts'
import { TurnError } from '../../../src/errors.ts'
import { SSE } from '../../../src/dialect/framing.ts'
import {
  type StreamOptions,
  streamResponse,
  toBytes,
} from '../../../src/server/stream/stream-response.ts'
import { streamAnswer } from '../../../src/server/stream/stream-answer.ts'
import {
  fakeApp,
  QUESTION,
  scriptedTurn,
  START,
  STOP,
  text,
} from '../../support/fakes/fake-pool.ts'
import { readAnswer } from '../../support/clients/sse.ts'
import { within } from '../../support/waiting.ts'

const SEEN_MS = 5_000
const HEARTBEAT_MS = 5
const KEEP_ALIVE = ': keep-alive\n\n'
const OPTIONS: StreamOptions = {
  ...{ contentType: SSE.contentType, heartbeatMs: HEARTBEAT_MS },
  toFiller: () => KEEP_ALIVE,
}
const QUIET: StreamOptions = { ...OPTIONS, heartbeatMs: 60_000 }

/** A source of bytes that a test writes to. */
function source() {
  const cancelled = Promise.withResolvers<unknown>()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (started) => {
        controller = started
      },
      cancel: (reason) => cancelled.resolve(reason),
    },
    { highWaterMark: 0 },
  )
  return {
    stream,
    cancelled: cancelled.promise,
    write: (said: string) => controller?.enqueue(new TextEncoder().encode(said)),
    close: () => controller?.close(),
    error: (reason: unknown) => controller?.error(reason),
  }
}

function readerOf(response: Response) {
  const reader = response.body?.getReader()
  if (!reader) throw new Error('The response has no body.')
  const decoder = new TextDecoder()
  const next = async () => {
    const { value, done } = await within(reader.read(), SEEN_MS, 'the next bytes')
    return done ? undefined : decoder.decode(value)
  }
  return { next, cancel: () => reader.cancel() }
}

const beats = (count: number) => jest.advanceTimersByTime(count * HEARTBEAT_MS)

/** A response whose heartbeats come when the test says so. */
function beating(toLastFrame?: (error: unknown) => string) {
  jest.useFakeTimers()
  const { stream, ...rest } = source()
  const end = toLastFrame ? { toLastFrame } : {}
  const { body } = streamResponse(Promise.resolve(stream), { ...OPTIONS, ...end })
  if (!body) throw new Error('The response has no body.')
  return { body, ...rest }
}

const toErrorFrame = ({ kind }: TurnError) => ({ error: kind })

/** A streamed request to a turn that the test writes. */
function streaming() {
  const { post, pool } = fakeApp()
  const turn = scriptedTurn()
  pool.answerWith(async () => ({ events: turn.events, worker: 'warm', ignored: [] }))
  return { turn, pool, response: post({ ...QUESTION, stream: true }) }
}

describe('streamResponse', () => {
  test('has the headers that keep proxies from holding it back', () => {
    const { headers } = streamResponse(Promise.resolve(source().stream), OPTIONS)
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-cache')
    expect(headers.get('x-accel-buffering')).toBe('no')
  })

  test('comments fill the silence before the first event, between events, and stop at the end', async () => {
    const { stream, write, close } = source()
    const later = Promise.withResolvers<typeof stream>()
    const { next } = readerOf(streamResponse(later.promise, OPTIONS))
    expect([await next(), await next()]).toEqual([KEEP_ALIVE, KEEP_ALIVE])

    later.resolve(stream)
    write('data: 1\n\n')
    let seen = await next()
    while (seen === KEEP_ALIVE) seen = await next()
    expect(seen).toBe('data: 1\n\n')
    expect([await next(), await next()]).toEqual([KEEP_ALIVE, KEEP_ALIVE])

    close()
    seen = await next()
    while (seen === KEEP_ALIVE) seen = await next()
    expect(seen).toBeUndefined()
  })

  test('a reader that does not read gets no comments on top of each other', async () => {
    const { stream, write } = source()
    const { next } = readerOf(streamResponse(Promise.resolve(stream), OPTIONS))
    // Nobody reads ten heartbeats, so at most one is queued.
    await new Promise((resolve) => setTimeout(resolve, HEARTBEAT_MS * 10))
    write('data: 1\n\n')
    const seen = [await next(), await next()]
    expect(seen).toContain('data: 1\n\n')
  })

  test('a slow reader holds the source back', async () => {
    let made = 0
    const stream = new ReadableStream<Uint8Array>(
      { pull: (controller) => controller.enqueue(new TextEncoder().encode(`data: ${made++}\n\n`)) },
      { highWaterMark: 0 },
    )
    const { next, cancel } = readerOf(streamResponse(Promise.resolve(stream), QUIET))
    expect(await next()).toBe('data: 0\n\n')
    await new Promise(setImmediate)
    expect(made).toBeLessThanOrEqual(3)
    for (let index = 1; index < 100; index++) expect(await next()).toBe(`data: ${index}\n\n`)
    await cancel()
  })

  test('a reader that goes away cancels the source', async () => {
    const { stream, write, cancelled } = source()
    const { next, cancel } = readerOf(streamResponse(Promise.resolve(stream), QUIET))
    write('data: 1\n\n')
    await next()
    await cancel()
    await within(cancelled, SEEN_MS, 'the cancelled source')
  })

  test('a reader that goes away before the source is there cancels it when it comes', async () => {
    const { stream, cancelled } = source()
    const later = Promise.withResolvers<typeof stream>()
    const { next, cancel } = readerOf(streamResponse(later.promise, OPTIONS))
    await next()
    const gone = cancel()
    later.resolve(stream)
    await within(gone, SEEN_MS, 'the end of the cancelling')
    await within(cancelled, SEEN_MS, 'the cancelled source')
  })

  test('a source that breaks is an error, not a short answer', async () => {
    const { stream, error } = source()
    const { next } = readerOf(streamResponse(Promise.resolve(stream), QUIET))
    error(new Error('broken'))
    const failure = await next().catch((e: unknown) => e)
    expect(failure).toMatchObject({ message: 'broken' })
  })
})

describe('the heartbeat', () => {
  afterEach(() => void jest.useRealTimers())

  test('that nobody read stands once before the next frame', async () => {
    const { body, write, close } = beating()
    beats(3)
    write('data: 1\n\n')
    close()
    expect(await new Response(body).text()).toBe(`${KEEP_ALIVE}data: 1\n\n`)
  })

  test('comes anew behind each frame, a whole silence later', async () => {
    const { body, write } = beating()
    const reader = body.getReader()
    const read = async () => new TextDecoder().decode((await reader.read()).value)
    write('data: 1\n\n')
    expect(await read()).toBe('data: 1\n\n')
    jest.advanceTimersByTime(HEARTBEAT_MS - 1)
    write('data: 2\n\n')
    expect(await read()).toBe('data: 2\n\n')
    jest.advanceTimersByTime(HEARTBEAT_MS - 1)
    write('data: 3\n\n')
    expect(await read()).toBe('data: 3\n\n')
    beats(1)
    expect(await read()).toBe(KEEP_ALIVE)
    await reader.cancel()
  })

  test.each([
    ['whole', ''],
    ['broken', 'data: last\n\n'],
  ])('has no timer behind a stream that is %s', async (_, last) => {
    const { body, write, close, error } = beating(() => last)
    const reader = body.getReader()
    write('data: 1\n\n')
    await reader.read()
    if (last === '') close()
    else error(new Error('broken'))
    reader.releaseLock()
    const chunks = await Array.fromAsync(body)
    expect(Buffer.concat(chunks).toString()).toBe(last)
    expect(jest.getTimerCount()).toBe(0)
  })

  test('has no timer behind a stream that breaks without a last frame, one beat later', async () => {
    const { body, error } = beating()
    error(new Error('broken'))
    expect(await new Response(body).text().catch((e: unknown) => e)).toBeInstanceOf(Error)
    beats(1)
    expect(jest.getTimerCount()).toBe(0)
  })

  test('has no timer behind a reader that left', async () => {
    const { body } = beating()
    await body.cancel()
    expect(jest.getTimerCount()).toBe(0)
  })
})

describe('toBytes', () => {
  test('writes objects as JSON and strings as they are, one frame each', async () => {
    const frames = new ReadableStream<object | string>({
      start(controller) {
        controller.enqueue({ text: 'a\nb' })
        controller.enqueue('[DONE]')
        controller.close()
      },
    })
    const written = await new Response(frames.pipeThrough(toBytes(SSE))).text()
    expect(written).toBe('data: {"text":"a\\nb"}\n\ndata: [DONE]\n\n')
  })
})

describe('a streamed answer', () => {
  const facts = { worker: 'cold' as const, ignored: [] }

  test('that fails within the first silent seconds is a status', async () => {
    const failure = new TurnError('rate_limited', 'no')
    const answer = Promise.reject(failure)
    const error = await streamAnswer({
      ...{ answer, frames: answer, remarks: new Remarks(), toErrorFrame, framing: SSE },
    }).catch((e: unknown) => e)
    expect(error).toBe(failure)
  })

  test('that fails later is an error frame without [DONE]', async () => {
    const answer = Promise.withResolvers<typeof facts>()
    const frames = answer.promise.then(() => new ReadableStream<object | string>())
    const response = await streamAnswer({
      ...{
        answer: answer.promise,
        frames,
        remarks: new Remarks(),
        toErrorFrame,
        graceMs: 1,
        framing: SSE,
      },
    })
    expect(response.status).toBe(200)
    answer.reject(new TurnError('overloaded', 'no'))
    expect(await response.text()).toBe('data: {"error":"overloaded"}\n\n')
  })

  test('says which worker answers, if it is known in time', async () => {
    const frames = Promise.resolve(new ReadableStream<object>({ start: (c) => c.close() }))
    const answer = Promise.resolve(facts)
    const remarks = new Remarks()
    remarks.ignore('seed')
    const response = await streamAnswer({ answer, frames, remarks, toErrorFrame, framing: SSE })
    expect(response.headers.get('x-claude-max-api-worker')).toBe('cold')
    expect(response.headers.get('x-claude-max-api-ignored')).toBe('seed')
    expect(await response.text()).toBe('')
  })
})

describe('POST /v1/chat/completions with stream', () => {
  test('an error after the first words is a frame, and there is no [DONE]', async () => {
    const { turn, response } = streaming()
    const error = new TurnError('overloaded', 'Overloaded')
    turn.say(START, text('po'), { type: 'error', error })
    turn.close()
    const answer = await readAnswer(await response)
    expect(answer).toMatchObject({ text: 'po', done: false, finishReasons: [] })
    expect(answer.errors).toMatchObject([{ code: 'overloaded', message: 'Overloaded' }])
  })

  test('a turn that ends without a word on how is an error, not an answer', async () => {
    const { turn, response } = streaming()
    turn.say(START, text('po'))
    turn.close()
    const answer = await readAnswer(await response)
    expect(answer).toMatchObject({ done: false, finishReasons: [] })
    expect(answer.errors.length).toBe(1)
  })

  test('a whole answer ends with [DONE]', async () => {
    const { turn, response } = streaming()
    turn.say(START, text('po'), text('ng'), STOP)
    turn.close()
    expect(await readAnswer(await response)).toEqual({
      ...{ text: 'pong', done: true, finishReasons: ['stop'], errors: [] },
    })
  })

  test('a client that goes away cancels the turn', async () => {
    const { turn, response } = streaming()
    turn.say(START)
    const { next, cancel } = readerOf(await response)
    await next()
    await cancel()
    await within(turn.cancelled, SEEN_MS, 'the cancelled turn')
  })

  test('a client that does not read holds the turn back', async () => {
    const { post, pool } = fakeApp()
    const words = 500
    let made = 0
    const events = new ReadableStream<TurnEvent>(
      {
        pull(controller) {
          if (made++ === 0) return controller.enqueue(START)
          if (made <= words) return controller.enqueue(text(`${made} `))
          controller.enqueue(STOP)
          controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    pool.answerWith(async () => ({ events, worker: 'warm', ignored: [] }))
    const response = await post({ ...QUESTION, stream: true })
    const { next, cancel } = readerOf(response)
    await next()
    await new Promise(setImmediate)
    // The stages between the two hold a few events, but not all of them.
    expect(made).toBeLessThan(20)
    let frames = 1
    while ((await next()) !== undefined) frames++
    expect(frames).toBeGreaterThanOrEqual(words)
    await cancel()
  })
})
