import type { MiddlewareHandler } from 'hono'
import { isStreamed } from '../dialect/framing.ts'
import type { Answer } from '../pool/pool.ts'
import type { ServerEnv } from './services.ts'

/** Which worker answers, and which parts of the request had no effect. */
export type AnswerFacts = Pick<Answer, 'worker' | 'ignored'>

/** A request, from its first byte to the last byte of its answer. */
export type Lifetime = {
  /** Aborted when the client disconnects, and when anything fails that the answer needs. */
  signal: AbortSignal
  /** The answer was sent or failed; `error` is the reason. Only the first call counts. */
  end: (error?: unknown) => void
  /** Passes on an answer that begins after its headers; the log waits for it. */
  late: (answer: Promise<AnswerFacts>) => void
}

/**
 * Gives each request its lifetime. If anything throws while a worker is running, such as a header
 * or the response store, the request fails and the signal stops the worker.
 */
export function lifetimes(): MiddlewareHandler<ServerEnv> {
  return async function boundByRequest(c, next) {
    const failed = new AbortController()
    let isOver = false
    const end = (error?: unknown) => {
      if (isOver) return
      isOver = true
      if (error !== undefined) failed.abort(error)
      c.env?.connection?.rest()
    }
    const signal = AbortSignal.any([c.req.raw.signal, failed.signal])
    c.set('lifetime', { signal, end, late: (answer) => c.set('lateAnswer', answer) })
    try {
      await next()
    } catch (error) {
      end(error)
      throw error
    }
    // A stream ends later and calls `end` itself.
    if (c.error || !isStreamed(c.res.headers.get('content-type'))) end(c.error)
  }
}
