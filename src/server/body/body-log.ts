import type { MiddlewareHandler } from 'hono'
import type { Log } from '../../log.ts'
import type { ServerEnv } from '../services.ts'

/** Logs prompts and answers; only if the owner asked for it. */
export function logBodies(log: Log): MiddlewareHandler<ServerEnv> {
  return async function logBody(c, next) {
    const id = c.get('requestId')
    const { method, path } = c.req
    if (method === 'POST') c.set('noteBody', (body) => log.info('request body', { id, path, body }))
    await next()
    if (!c.res.body) return
    let body = ''
    const decoder = new TextDecoder()
    // Not a copy beside the client's stream: so a slow or closed client slows or cancels the source
    // as it does without a log.
    const copied = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        body += decoder.decode(chunk, { stream: true })
        controller.enqueue(chunk)
      },
    })
    void c.res.body.pipeTo(copied.writable).then(
      () => log.info('response body', { id, path, body }),
      () => log.info('response body', { id, path, body, cutOff: true }),
    )
    c.res = new Response(copied.readable, c.res)
  }
}
