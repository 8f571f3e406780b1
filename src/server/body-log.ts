import type { MiddlewareHandler } from 'hono'
import type { Log } from '../log.ts'
import type { ServerEnv } from './services.ts'

/** Writes prompts and answers into the log; only for an owner who asked for it. */
export function logBodies(log: Log): MiddlewareHandler<ServerEnv> {
  return async function logBody(c, next) {
    const id = c.get('requestId')
    const { method, path } = c.req
    if (method === 'POST')
      log.info('request body', { id, path, body: await c.req.raw.clone().text() })
    await next()
    // Read beside the client: the log must not hold the answer back.
    const answer = c.res.clone()
    void answer.text().then(
      (body) => log.info('response body', { id, path, body }),
      () => log.info('response body', { id, path, body: '(cut off)' }),
    )
  }
}
