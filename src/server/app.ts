import { type Context, Hono } from 'hono'
import { cors } from 'hono/cors'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { secureHeaders } from 'hono/secure-headers'
import { TurnError, toTurnError } from '../errors.ts'
import type { Log } from '../log.ts'
import { APIS } from './apis.ts'
import { logBodies } from './body/body-log.ts'
import { errorResponse } from './error-response.ts'
import { guardOrigin, requireJson, requireKey } from './guard.ts'
import { KeyLimit } from './key-limit.ts'
import { lifetimes } from './lifetime.ts'
import { BODY_LIMITS, type BodyLimits, limitBodies } from './body/request-body.ts'
import { answerFacts, logRequests, requestIds } from './request-log.ts'
import { health } from './routes/health.ts'
import { models } from './routes/models.ts'
import { responses } from './routes/responses.ts'
import { tokenCounts } from './routes/token-counts.ts'
import { serveApi } from './serve-api.ts'
import type { Services, ServerEnv } from './services.ts'

export type AppOptions = Omit<Services, 'limit'> & {
  apiKeys: readonly string[]
  allowOrigins: readonly string[]
  /** The most turns at a time for each key; 0: no limit. */
  keyLimit: number
  logBodies: boolean
  bodyLimits?: Partial<BodyLimits>
  log: Log
}

/** Tells browsers not to display, guess, embed or store an answer. */
const SECURITY = {
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  xFrameOptions: 'DENY',
  // The server speaks HTTP. A proxy before it decides whether browsers must use HTTPS.
  strictTransportSecurity: false,
}

/** The HTTP application, without a listening socket. */
export function createApp(options: AppOptions): Hono<ServerEnv> {
  const { apiKeys, allowOrigins, bodyLimits, log } = options
  const app = new Hono<ServerEnv>()
  app.use(lifetimes(), requestIds(), answerFacts(), secureHeaders(SECURITY), logRequests(log))
  app.use(guardOrigin({ apiKeys, allowOrigins }))
  if (allowOrigins.length > 0) app.use(cors({ origin: [...allowOrigins], maxAge: 600 }))
  app.use(requireKey(apiKeys), methodNotAllowed({ app, onMethodNotAllowed: refuseMethod }))
  app.use(requireJson(), limitBodies({ ...BODY_LIMITS, ...bodyLimits }))
  if (options.logBodies) app.use(logBodies(log))

  const services = { ...options, limit: new KeyLimit(options.keyLimit) }
  for (const api of APIS) app.route('/', serveApi(api, services))
  app.route('/', tokenCounts(services))
  app.route('/', responses(services))
  app.route('/v1/models', models(services))
  app.route('/', health(services))

  app.notFound((c) => {
    const exists = [...new Set(app.routes.filter(({ method }) => method !== 'ALL').map(routeName))]
    // Returned and not thrown: `methodNotAllowed` looks only at responses.
    return answerError(
      c,
      new TurnError(
        'not_found',
        `${c.req.method} ${c.req.path} does not exist. Use one of: ${exists.join(', ')}.`,
      ),
    )
  })
  app.onError((cause, c) => answerError(c, toTurnError(cause)))
  return app
}

function answerError(c: Context<ServerEnv>, error: TurnError): Response {
  c.set('error', error)
  return errorResponse(error, c.req.path, c.get('requestId'))
}

/** The error for a path that exists, with a method that it does not accept. */
function refuseMethod(c: Context<ServerEnv>, methods: readonly string[]): Response {
  const allow = methods.join(', ')
  const message = `${c.req.path} does not accept ${c.req.method}. Use: ${allow}.`
  const response = answerError(c, new TurnError('method_not_allowed', message))
  response.headers.set('allow', allow)
  return response
}

function routeName({ method, path }: { method: string; path: string }): string {
  // `:id{.+}` in a route is `:id` to a reader.
  return `${method} ${path.replace(/\{.*\}/, '')}`
}
