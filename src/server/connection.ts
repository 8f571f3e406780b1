import type { Hono } from 'hono'
import type { ServerEnv } from './services.ts'

/**
 * How long a connection may rest between two requests. Longer than the 60 s for which nginx keeps
 * its connections, so that a proxy never sends a request into one that we close. Bun itself gives
 * a new connection 12 s for the headers of its first request, however slowly they come.
 */
export const IDLE_S = 75

type Listener = { timeout: (request: Request, seconds: number) => void }

/**
 * Answers the requests of a listening server. A model may think for minutes, so that a connection
 * has no idle time while a request on it waits for its answer, and has one again behind it.
 */
export function answerOn(server: Listener, app: Hono<ServerEnv>, idleS = IDLE_S) {
  return (request: Request): Response | Promise<Response> => {
    server.timeout(request, 0)
    const rest = () => server.timeout(request, idleS)
    return app.fetch(request, { connection: { rest } })
  }
}
