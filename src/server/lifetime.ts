import type { MiddlewareHandler } from 'hono'
import type { Answer } from '../pool/pool.ts'
import type { ServerEnv } from './services.ts'

/** Which worker answers, and what of the request it could not take. */
export type AnswerFacts = Pick<Answer, 'worker' | 'ignored'>

/** One request from its first byte to the last byte of its answer. */
export type Lifetime = {
  /** Aborts when the client leaves, and when anything fails that the answer needs. */
  signal: AbortSignal
  /** The answer is out, or broke off: `error` is why. Only the first call counts. */
  end: (error?: unknown) => void
  /** Told of an answer that begins later than its headers; the log waits for it. */
  late: (answer: Promise<AnswerFacts>) => void
}

/**
 * Gives each request its lifetime. Whatever throws once a worker is at work, be it the headers of
 * the answer or the store, is an error of the request; the worker is released by the signal.
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
    // A stream ends later, and says so itself.
    if (c.error || !isStream(c.res)) end(c.error)
  }
}

/** Whether the answer goes on after its headers. */
function isStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') ?? false
}
