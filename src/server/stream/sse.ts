/** How long a stream may be silent before a comment is sent. */
export const HEARTBEAT_MS = 5_000

const encoder = new TextEncoder()
const COMMENT = ': keep-alive\n\n'

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  // Otherwise nginx holds the stream back until its buffer is full.
  'x-accel-buffering': 'no',
}

export type SseOptions = {
  /** Whether the `type` of a frame is also sent as the name of the event. */
  named?: boolean
}

/** Formats one event: an object as JSON, a string as it is. */
export function sseFrame(frame: object | string, { named = false }: SseOptions = {}): string {
  const data = typeof frame === 'string' ? frame : JSON.stringify(frame)
  const name = named && typeof frame === 'object' && 'type' in frame ? String(frame.type) : ''
  return `${name === '' ? '' : `event: ${name}\n`}data: ${data}\n\n`
}

/** Encodes frames as bytes; `comment` is sent before the first one. */
export function toSse(
  options: SseOptions = {},
  comment = '',
): TransformStream<object | string, Uint8Array> {
  return new TransformStream({
    start(controller) {
      if (comment !== '') controller.enqueue(encoder.encode(comment))
    },
    transform(frame, controller) {
      controller.enqueue(encoder.encode(sseFrame(frame, options)))
    },
  })
}

/** What to do at the end of a stream. */
export type StreamEnd = {
  /** Called once; without an error if everything was sent. */
  end?: (error?: unknown) => void
  /** The last frame of a stream that failed. Without it the stream fails, too. */
  toLastFrame?: (error: unknown) => string
}

/**
 * The response for a stream of frames that may not have begun yet. Load balancers and Bun close
 * silent connections, so something is sent in every silence: a comment, or `keepAlive` once the
 * stream has begun. If the client disconnects, the source is cancelled.
 */
export function sseResponse(
  source: Promise<ReadableStream<Uint8Array>>,
  headers: Record<string, string> = {},
  heartbeatMs = HEARTBEAT_MS,
  keepAlive = COMMENT,
  { end = () => {}, toLastFrame }: StreamEnd = {},
): Response {
  const open = async () => (await source).getReader()
  let opened: ReturnType<typeof open> | undefined
  let timer: ReturnType<typeof setInterval> | undefined
  let filler = COMMENT
  let gone = false

  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => {
        // The stream has failed, so stop the heartbeat.
        if (controller.desiredSize === null) return clearInterval(timer)
        // A slow reader still has bytes to read, so it needs no keep-alive.
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(filler))
      }, heartbeatMs)
    },
    async pull(controller) {
      try {
        const reader = await (opened ??= open())
        const { value, done } = await reader.read()
        if (gone) return
        timer?.refresh()
        filler = keepAlive
        if (!done) return controller.enqueue(value)
        end()
      } catch (error) {
        end(error)
        if (!toLastFrame) throw error
        controller.enqueue(encoder.encode(toLastFrame(error)))
      }
      clearInterval(timer)
      controller.close()
    },
    async cancel() {
      gone = true
      clearInterval(timer)
      const reader = await opened
      await reader?.cancel()
      end()
    },
  })
  return new Response(body, { headers: { ...HEADERS, ...headers } })
}
