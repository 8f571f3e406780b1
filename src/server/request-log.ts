import type { MiddlewareHandler } from 'hono'
import { requestId } from 'hono/request-id'
import { type TurnError, toTurnError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ServerEnv } from './services.ts'

/** Ids of tracing systems may have dots and colons, which hono does not take. */
const SANE_ID = /^[\w.:-]{1,128}$/

/** Gives every request an id: the client's if it is short and harmless in a log. */
export const requestIds = (): MiddlewareHandler<ServerEnv> =>
  requestId({
    limitLength: 128,
    generator(c) {
      const given = c.req.header('x-request-id') ?? ''
      return SANE_ID.test(given) ? given : `req_${crypto.randomUUID().replaceAll('-', '')}`
    },
  })

/** Names the request in its answer, errors included, and says how long it took. */
export function answerFacts(): MiddlewareHandler<ServerEnv> {
  return async function addAnswerFacts(c, next) {
    const startedAt = performance.now()
    await next()
    const id = c.get('requestId')
    c.header('x-request-id', id)
    // Anthropic's name for it.
    c.header('request-id', id)
    c.header('openai-processing-ms', String(Math.round(performance.now() - startedAt)))
  }
}

/** Writes one line per request: what was requested and how it ended, never its content. */
export function logRequests(log: Log): MiddlewareHandler<ServerEnv> {
  return async function logRequest(c, next) {
    const startedAt = performance.now()
    await next()
    const write = (worker: string | undefined, error: TurnError | undefined) => {
      const fields = {
        id: c.get('requestId'),
        method: c.req.method,
        path: c.req.path,
        status: c.res.status,
        model: c.get('model'),
        worker,
        ms: Math.round(performance.now() - startedAt),
        ...(error ? { error: error.kind } : {}),
      }
      if (error?.kind === 'internal') log.error('request', { ...fields, cause: error.cause })
      else log.info('request', fields)
    }
    const late = c.get('lateAnswer')
    if (late) {
      // Not awaited, because the headers go out now.
      void late.then(
        ({ worker }) => write(worker, undefined),
        (error: unknown) => write(undefined, toTurnError(error)),
      )
    } else write(c.res.headers.get('x-claude-max-api-worker') ?? undefined, c.get('error'))
  }
}
