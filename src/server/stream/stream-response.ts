import type { Framing } from '../../dialect/framing.ts'

/** How long a stream may be silent before a keep-alive is sent. */
export const HEARTBEAT_MS = 5_000

const encoder = new TextEncoder()

const HEADERS = {
  'cache-control': 'no-cache',
  // Otherwise nginx holds the stream back until its buffer is full.
  'x-accel-buffering': 'no',
}

/** Encodes frames as bytes; `comment` is sent before the first one. */
export function toBytes(
  framing: Framing,
  comment = '',
): TransformStream<object | string, Uint8Array> {
  return new TransformStream({
    start(controller) {
      if (comment !== '') controller.enqueue(encoder.encode(comment))
    },
    transform(frame, controller) {
      controller.enqueue(encoder.encode(framing.write(frame)))
    },
  })
}

export type StreamOptions = {
  contentType: string
  headers?: Record<string, string>
  heartbeatMs?: number
  /** What is sent in a silence, before the stream has begun and after; empty for nothing. */
  toFiller: (begun: boolean) => string
  /** Called once at the end; without an error if everything was sent. */
  end?: (error?: unknown) => void
  /** The last frame of a stream that failed. Without it the stream fails, too. */
  toLastFrame?: (error: unknown) => string
}

/**
 * The response for a stream of frames that may not have begun yet. Load balancers and Bun close
 * silent connections, so something is sent in every silence. If the client disconnects, the source
 * is cancelled.
 */
export function streamResponse(
  source: Promise<ReadableStream<Uint8Array>>,
  options: StreamOptions,
): Response {
  const { contentType, headers, toFiller, toLastFrame } = options
  const { heartbeatMs = HEARTBEAT_MS, end = () => {} } = options
  const open = async () => (await source).getReader()
  let opened: ReturnType<typeof open> | undefined
  let timer: ReturnType<typeof setInterval> | undefined
  let begun = false
  let gone = false

  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => {
        // The stream has failed, so stop the heartbeat.
        if (controller.desiredSize === null) return clearInterval(timer)
        // A slow reader still has bytes to read, so it needs no keep-alive.
        if (controller.desiredSize <= 0) return
        const filler = toFiller(begun)
        if (filler !== '') controller.enqueue(encoder.encode(filler))
      }, heartbeatMs)
    },
    async pull(controller) {
      try {
        const reader = await (opened ??= open())
        const { value, done } = await reader.read()
        if (gone) return
        timer?.refresh()
        begun = true
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
  return new Response(body, { headers: { 'content-type': contentType, ...HEADERS, ...headers } })
}
