import type { Framing } from '../../dialect/framing.ts'
import type { Remarks } from '../../dialect/remarks.ts'
import { type TurnError, toTurnError } from '../../errors.ts'
import { listHeader } from './header-value.ts'
import type { AnswerFacts, Lifetime } from '../lifetime.ts'
import { HEARTBEAT_MS, streamResponse, toBytes } from './stream-response.ts'

const IGNORED = 'x-claude-max-api-ignored'

/** The headers that name the worker, and what of the request had no effect or was altered. */
export function answerHeaders(
  { worker, ignored }: AnswerFacts,
  remarks: Remarks,
): Record<string, string> {
  remarks.ignore(...ignored)
  return { ...workerHeader(worker), ...remarkHeaders(remarks) }
}

function workerHeader(worker: AnswerFacts['worker']): Record<string, string> {
  return { 'x-claude-max-api-worker': worker }
}

/** The headers that name what of a request had no effect or was altered. */
export function remarkHeaders({ ignored, changed }: Named): Record<string, string> {
  return { ...named(IGNORED, ignored), ...named('x-claude-max-api-changed', changed) }
}

type Named = Pick<Remarks, 'ignored' | 'changed'>

function named(header: string, paths: readonly string[]): Record<string, string> {
  return paths.length > 0 ? { [header]: listHeader(paths) } : {}
}

/**
 * What was not known in time for the headers, as lines of a comment; `told` is what the headers
 * said.
 */
function lateLines({ worker, ignored }: AnswerFacts, remarks: Remarks, told: Named): string[] {
  remarks.ignore(...ignored)
  const late = Object.entries({
    ...workerHeader(worker),
    ...remarkHeaders({
      ignored: remarks.ignored.filter((path) => !told.ignored.includes(path)),
      changed: remarks.changed.filter((path) => !told.changed.includes(path)),
    }),
  })
  return late.map(([name, value]) => `${name}: ${value}`)
}

export type StreamedAnswer = {
  /** Resolves at the first event. */
  answer: Promise<AnswerFacts>
  /** The answer in the frames of the API. */
  frames: Promise<ReadableStream<object | string>>
  /** What of the request had no effect or was altered, whichever worker answers. */
  remarks: Remarks
  toErrorFrame: (error: TurnError) => object
  framing: Framing
  /** See `Dialect`. */
  keepAlive?: () => object | undefined
  graceMs?: number
  heartbeatMs?: number
  /** Called when the answer was sent or failed; and for an answer that begins after its headers. */
  lifetime?: Pick<Lifetime, 'end' | 'late'>
}

/**
 * Streams an answer. A failure before the first event is an HTTP status if it comes within
 * `HEARTBEAT_MS`. After that, comments or keep-alives keep the connection open, and a failure is a
 * frame. What is not known in time for the headers is sent as a comment before the first frame, if
 * the framing has comments.
 */
export async function streamAnswer({
  answer,
  frames,
  remarks,
  toErrorFrame,
  framing,
  keepAlive = () => undefined,
  graceMs = HEARTBEAT_MS,
  heartbeatMs = HEARTBEAT_MS,
  lifetime: { end, late } = { end: () => {}, late: () => {} },
}: StreamedAnswer): Promise<Response> {
  // `answer` below reports the failure.
  frames.catch(() => {})
  const early = await withinGrace(answer, graceMs)
  if (!early) late(answer)
  const headers = early ? answerHeaders(early, remarks) : remarkHeaders(remarks)
  const told = { ignored: remarks.ignored, changed: remarks.changed }
  const source = frames.then(
    async (stream) => {
      const lines = early ? [] : lateLines(await answer, remarks, told)
      const comment = lines.length > 0 ? framing.comment?.(lines) : undefined
      return stream.pipeThrough(toBytes(framing, comment))
    },
    (error: unknown) => {
      end(error)
      return single(toErrorFrame(toTurnError(error)), framing)
    },
  )
  const comment = framing.comment?.(['keep-alive'])
  return streamResponse(source, {
    ...{ contentType: framing.contentType, headers, end, heartbeatMs },
    toFiller(begun) {
      if (!begun && comment !== undefined) return comment
      const frame = keepAlive()
      return frame ? framing.write(frame) : (comment ?? '')
    },
    toLastFrame: (error) => framing.write(toErrorFrame(toTurnError(error))),
  })
}

async function withinGrace(
  answer: Promise<AnswerFacts>,
  graceMs: number,
): Promise<AnswerFacts | undefined> {
  const grace = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => grace.resolve(undefined), graceMs)
  return Promise.race([answer, grace.promise]).finally(() => clearTimeout(timer))
}

/** A stream with one frame. */
function single(frame: object, framing: Framing): ReadableStream<Uint8Array> {
  const { readable, writable } = toBytes(framing)
  const writer = writable.getWriter()
  void writer.write(frame)
  void writer.close()
  return readable
}
