import type { MiddlewareHandler } from 'hono'
import { type TurnError, toTurnError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ServerEnv } from './services.ts'

/** A client's id is used if it is short and has only these characters. */
const SANE_ID = /^[\w.:-]{1,128}$/

/** Tells browsers not to display, guess, embed or store an answer. */
const SECURITY_HEADERS = [
  ['x-content-type-options', 'nosniff'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
] as const

/** Gives every request an id, the client's if it is acceptable, and sends how long it took. */
export function requestIds(): MiddlewareHandler<ServerEnv> {
  return async function assignRequestId(c, next) {
    const startedAt = performance.now()
    const given = c.req.header('x-request-id') ?? ''
    const id = SANE_ID.test(given) ? given : `req_${crypto.randomUUID().replaceAll('-', '')}`
    c.set('requestId', id)
    await next()
    c.header('x-request-id', id)
    // Anthropic's name for it.
    c.header('request-id', id)
    c.header('openai-processing-ms', String(Math.round(performance.now() - startedAt)))
    for (const [name, value] of SECURITY_HEADERS) c.header(name, value)
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
