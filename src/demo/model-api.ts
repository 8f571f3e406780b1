import { z } from 'zod'

const ModelRequest = z.looseObject({
  model: z.string(),
  stream: z.boolean().optional(),
  system: z.unknown(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
  tools: z.array(z.looseObject({ name: z.string() })).optional(),
})

/** What the CLI posted to `/v1/messages`, parsed, and `text`: the very bytes. */
export type ModelRequest = {
  body: z.infer<typeof ModelRequest>
  text: string
  headers: Headers
  /** Aborts when the CLI closes the connection. */
  signal: AbortSignal
}

/** Decides the answer to one request of the CLI; see `message-stream.ts` for ready answers. */
export type Script = (request: ModelRequest) => Response | Promise<Response>

export type ModelApi = { url: string; stop(): Promise<void> }

/**
 * A scripted stand-in for the Messages API on a free loopback port. It serves `--demo` and the
 * test bed; nothing it answers comes from a model.
 */
export function startModelApi(script: Script): ModelApi {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    // A script that cuts the connection means to; it is nothing to print a stack for.
    development: false,
    // A scripted answer may be silent for as long as a test or a thinking model wants.
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
    fetch: () => errorReply(404, 'not_found_error', 'Only POST /v1/messages exists here.'),
  })
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) }
}

/** An error as the Messages API sends it. */
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
