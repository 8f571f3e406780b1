import type { MiddlewareHandler } from 'hono'
import { TurnError } from '../errors.ts'
import { givenKey } from './guard.ts'

/** What a client over its limit is told: about the length of a short answer. */
const RETRY_AFTER_S = 2

/** Lets each key have so many requests at a time, the streams of their answers included. */
export function limitKeys(limit: number): MiddlewareHandler {
  const running = new Map<string, number>()

  return async function limitKey(c, next) {
    const key = givenKey(c.req.raw.headers)
    const count = running.get(key) ?? 0
    if (count >= limit) {
      const message = `This key has ${limit} requests running, its limit. Wait for one to end.`
      throw new TurnError('queue_full', message, { retryAfterS: RETRY_AFTER_S })
    }
    running.set(key, count + 1)
    const release = once(() => {
      const left = (running.get(key) ?? 1) - 1
      if (left > 0) running.set(key, left)
      else running.delete(key)
    })
    await next()
    const { body, headers } = c.res
    const streams = headers.get('content-type')?.startsWith('text/event-stream')
    if (!body || !streams) return release()
    const sent = new TransformStream<Uint8Array, Uint8Array>({ flush: release })
    // A stream that breaks or is left by its reader is never flushed.
    void body.pipeTo(sent.writable).catch(release)
    c.res = new Response(sent.readable, c.res)
  }
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (!done) action()
    done = true
  }
}
