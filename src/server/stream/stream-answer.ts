import type { Remarks } from '../../dialect/remarks.ts'
import { type TurnError, toTurnError } from '../../errors.ts'
import { listHeader } from './header-value.ts'
import type { AnswerFacts, Lifetime } from '../lifetime.ts'
import { HEARTBEAT_MS, sseFrame, type SseOptions, sseResponse, toSse } from './sse.ts'

const IGNORED = 'x-claude-max-api-ignored'

/** Which worker answers, and what of the request was left out or altered. */
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

/** What of a request was left out or altered. */
export function remarkHeaders({ ignored, changed }: Named): Record<string, string> {
  return { ...named(IGNORED, ignored), ...named('x-claude-max-api-changed', changed) }
}

type Named = Pick<Remarks, 'ignored' | 'changed'>

function named(header: string, paths: readonly string[]): Record<string, string> {
  return paths.length > 0 ? { [header]: listHeader(paths) } : {}
}

/** What came too late for the headers, as comments of the stream; `told` is what they said. */
function lateComment({ worker, ignored }: AnswerFacts, remarks: Remarks, told: Named): string {
  remarks.ignore(...ignored)
  const lines = Object.entries({
    ...workerHeader(worker),
    ...remarkHeaders({
      ignored: remarks.ignored.filter((path) => !told.ignored.includes(path)),
      changed: remarks.changed.filter((path) => !told.changed.includes(path)),
    }),
  })
  return `${lines.map(([name, value]) => `: ${name}: ${value}\n`).join('')}\n`
}

export type StreamedAnswer = {
  /** Resolves at the first event. */
  answer: Promise<AnswerFacts>
  /** The answer in a dialect's frames. */
  frames: Promise<ReadableStream<object | string>>
  /** What of the request was left out or altered, whoever answers. */
  remarks: Remarks
  toErrorFrame: (error: TurnError) => object
  sse?: SseOptions
  /** Sent in a silence of an answer that has begun; a comment if there is none. */
  keepAlive?: object
  graceMs?: number
  /** Told when the answer is out, or why it broke off; and of one the headers do not wait for. */
  lifetime?: Pick<Lifetime, 'end' | 'late'>
}

/**
 * Streams an answer. A failure before the first event is an HTTP status, as long as it comes
 * within the first silent seconds; from then on comments keep the connection open, and a failure
 * is a frame. What is known by then is in the headers; what is not stands before the first frame.
 */
export async function streamAnswer({
  answer,
  frames,
  remarks,
  toErrorFrame,
  sse = {},
  keepAlive,
  graceMs = HEARTBEAT_MS,
  lifetime: { end, late } = { end: () => {}, late: () => {} },
}: StreamedAnswer): Promise<Response> {
  // Whichever way the answer fails, it is `answer` below that says so.
  frames.catch(() => {})
  const early = await withinGrace(answer, graceMs)
  if (!early) late(answer)
  const headers = early ? answerHeaders(early, remarks) : remarkHeaders(remarks)
  const told = { ignored: remarks.ignored, changed: remarks.changed }
  const source = frames.then(
    async (stream) => {
      const comment = early ? '' : lateComment(await answer, remarks, told)
      return stream.pipeThrough(toSse(sse, comment))
    },
    (error: unknown) => {
      end(error)
      return single(toErrorFrame(toTurnError(error)), sse)
    },
  )
  const ping = keepAlive && sseFrame(keepAlive, sse)
  const toLastFrame = (error: unknown) => sseFrame(toErrorFrame(toTurnError(error)), sse)
  return sseResponse(source, headers, HEARTBEAT_MS, ping, { end, toLastFrame })
}

async function withinGrace(
  answer: Promise<AnswerFacts>,
  graceMs: number,
): Promise<AnswerFacts | undefined> {
  const grace = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => grace.resolve(undefined), graceMs)
  return Promise.race([answer, grace.promise]).finally(() => clearTimeout(timer))
}

/** A stream of one frame. */
function single(frame: object, sse: SseOptions): ReadableStream<Uint8Array> {
  const { readable, writable } = toSse(sse)
  const writer = writable.getWriter()
  void writer.write(frame)
  void writer.close()
  return readable
}
