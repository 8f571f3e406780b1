import { z } from 'zod'

const ModelRequest = z.looseObject({
  model: z.string(),
  stream: z.boolean().optional(),
  system: z.unknown(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
  tools: z.array(z.looseObject({ name: z.string() })).optional(),
})

/** A request of the CLI to `/v1/messages`, parsed; `text` is the unchanged body. */
export type ModelRequest = {
  body: z.infer<typeof ModelRequest>
  text: string
  headers: Headers
  /** Aborts when the CLI closes the connection. */
  signal: AbortSignal
}

/** Decides the answer to a request of the CLI; message-stream.ts makes the usual ones. */
export type Script = (request: ModelRequest) => Response | Promise<Response>

export type ModelApi = { url: string; stop(): Promise<void> }

/**
 * A scripted stand-in for the Messages API on a free loopback port, for `--demo` and the tests.
 * None of its answers comes from a model.
 */
export function startModelApi(
  script: Script,
  /** Told of every request that is none for a message. */
  onOther: (request: Request) => void = () => {},
): ModelApi {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    // A script that throws closes the connection on purpose, so no stack is printed.
    development: false,
    // A scripted answer may pause for as long as a test needs.
    idleTimeout: 0,
    maxRequestBodySize: 256 * 1024 * 1024,
    routes: {
      '/v1/messages': {
        POST: async (request) => {
          const text = await request.text()
          const body = ModelRequest.safeParse(parseJson(text))
          if (!body.success) return errorReply(400, 'invalid_request_error', body.error.message)
          return script({ body: body.data, text, headers: request.headers, signal: request.signal })
        },
      },
    },
    fetch(request) {
      onOther(request)
      return errorReply(404, 'not_found_error', 'Only POST /v1/messages exists here.')
    },
  })
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) }
}

/** An error in the form of the Messages API. */
export function errorReply(
  status: number,
  type: string,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ type: 'error', error: { type, message } }, { status, headers })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
