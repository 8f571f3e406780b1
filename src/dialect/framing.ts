/** How the frames of a stream are written. */
export type Framing = {
  contentType: string
  /** One frame: an object as JSON, a string as it is. */
  write: (frame: object | string) => string
  /** Lines that clients pass over; undefined if the format has no such thing. */
  comment: ((lines: readonly string[]) => string) | undefined
}

const EVENT_STREAM = 'text/event-stream; charset=utf-8'

/** Server-sent events without names. */
export const SSE: Framing = {
  contentType: EVENT_STREAM,
  write: (frame) => `data: ${toText(frame)}\n\n`,
  comment,
}

/** Server-sent events: the `type` of a frame is the name of its event as well. */
export const NAMED_SSE: Framing = {
  contentType: EVENT_STREAM,
  write(frame) {
    const name = typeof frame === 'object' && 'type' in frame ? String(frame.type) : ''
    return `${name === '' ? '' : `event: ${name}\n`}${SSE.write(frame)}`
  },
  comment,
}

/** One JSON value a line. There are no comments: clients parse every line. */
export const NDJSON: Framing = {
  contentType: 'application/x-ndjson',
  write: (frame) => `${toText(frame)}\n`,
  comment: undefined,
}

/** Whether an answer of this content type goes on after its headers. */
export function isStreamed(contentType: string | null): boolean {
  return [EVENT_STREAM, NDJSON.contentType].some((type) => contentType?.startsWith(type))
}

function comment(lines: readonly string[]): string {
  return `${lines.map((line) => `: ${line}\n`).join('')}\n`
}

function toText(frame: object | string): string {
  return typeof frame === 'string' ? frame : JSON.stringify(frame)
}
