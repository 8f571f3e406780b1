import type { Hono } from 'hono'
import type { ServerEnv } from './services.ts'

/**
 * How long a connection may be idle between two requests. It is longer than nginx's 60 s, so that a
 * proxy never sends a request on a connection that is being closed here. Bun itself gives a new
 * connection 12 s for the headers of its first request.
 */
export const IDLE_S = 75

type Listener = { timeout: (request: Request, seconds: number) => void }

/**
 * Answers the requests of a listening server. A model may think for minutes, so a connection has no
 * idle timeout while a request waits for its answer, and has one again afterwards.
 */
export function answerOn(server: Listener, app: Hono<ServerEnv>, idleS = IDLE_S) {
  return (request: Request): Response | Promise<Response> => {
    server.timeout(request, 0)
    const rest = () => server.timeout(request, idleS)
    return app.fetch(request, { connection: { rest } })
  }
}
