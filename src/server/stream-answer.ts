import type { TurnEvent } from '../conversation/types.ts'
import { type TurnError, toTurnError } from '../errors.ts'
import type { Answer } from '../pool/pool.ts'
import { HEARTBEAT_MS, sseResponse, toSse } from './sse.ts'

/**
 * Streams an answer in a dialect's frames. A failure before the first event is an HTTP status, as
 * long as it comes within the first silent seconds; from then on comments keep the connection
 * open, and a failure is a frame.
 */
export async function streamAnswer(
  answer: Promise<Answer>,
  frames: TransformStream<TurnEvent, object | string>,
  toErrorFrame: (error: TurnError) => object,
  graceMs = HEARTBEAT_MS,
): Promise<Response> {
  const early = await withinGrace(answer, graceMs)
  const source = answer.then(
    ({ events }) => events.pipeThrough(frames).pipeThrough(toSse()),
    (error: unknown) => single(toErrorFrame(toTurnError(error))),
  )
  const response = sseResponse(source)
  if (early) response.headers.set('x-claude-max-api-worker', early.worker)
  return response
}

async function withinGrace(answer: Promise<Answer>, graceMs: number): Promise<Answer | undefined> {
  const grace = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => grace.resolve(undefined), graceMs)
  return Promise.race([answer, grace.promise]).finally(() => clearTimeout(timer))
}

/** A stream of one frame. */
function single(frame: object): ReadableStream<Uint8Array> {
  const { readable, writable } = toSse()
  const writer = writable.getWriter()
  void writer.write(frame)
  void writer.close()
  return readable
}
