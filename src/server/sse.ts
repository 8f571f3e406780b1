/** How long a stream may be silent before a comment shows that it lives. */
export const HEARTBEAT_MS = 5_000

const encoder = new TextEncoder()
const KEEP_ALIVE = encoder.encode(': keep-alive\n\n')

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  // nginx would otherwise hold the stream back until its buffer is full.
  'x-accel-buffering': 'no',
}

/** One frame of data: an object as JSON, a string as it is. */
export function toSse(): TransformStream<object | string, Uint8Array> {
  return new TransformStream({
    transform(frame, controller) {
      const data = typeof frame === 'string' ? frame : JSON.stringify(frame)
      controller.enqueue(encoder.encode(`data: ${data}\n\n`))
    },
  })
}

/**
 * The response for a stream of frames that may not have begun yet. Comments fill every silence,
 * from the start to the end: load balancers and Bun itself cut what is silent. When the client
 * goes away the source is cancelled.
 */
export function sseResponse(
  source: Promise<ReadableStream<Uint8Array>>,
  headers: Record<string, string> = {},
  heartbeatMs = HEARTBEAT_MS,
): Response {
  const open = async () => (await source).getReader()
  let opened: ReturnType<typeof open> | undefined
  let timer: ReturnType<typeof setInterval> | undefined
  let gone = false

  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => {
        // A reader that is behind has bytes to read, and needs none of ours.
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(KEEP_ALIVE)
      }, heartbeatMs)
    },
    async pull(controller) {
      const reader = await (opened ??= open())
      const { value, done } = await reader.read()
      if (gone) return
      timer?.refresh()
      if (!done) return controller.enqueue(value)
      clearInterval(timer)
      controller.close()
    },
    async cancel() {
      gone = true
      clearInterval(timer)
      const reader = await opened
      await reader?.cancel()
    },
  })
  return new Response(body, { headers: { ...HEADERS, ...headers } })
}
