import { timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { isLoopback } from '../config.ts'
import { TurnError } from '../errors.ts'
import type { ServerEnv } from './services.ts'

/** How many hexadecimal digits of a digest identify a client. */
const CLIENT_LENGTH = 32

/**
 * Paths for monitors and load balancers, which need no key. They reveal nothing about the owner.
 */
const OPEN_PATHS = new Set(['/health', '/ready'])

/**
 * Refuses requests that a web page could send to a local port: a foreign Host (DNS rebinding), a
 * foreign Origin, or one that the browser marks as cross-site. If keys are set, any Host is
 * allowed, because a page does not have a key.
 */
export function guardOrigin({
  apiKeys,
  allowOrigins,
}: {
  apiKeys: readonly string[]
  allowOrigins: readonly string[]
}): MiddlewareHandler {
  return async function checkOrigin(c, next) {
    const host = c.req.header('host') ?? ''
    if (apiKeys.length === 0 && !isLoopback(hostname(host))) {
      throw new TurnError(
        'permission',
        `Requests for the host '${hostname(host)}' are refused. Use http://localhost, or start the server with --api-key.`,
      )
    }
    const origin = c.req.header('origin')
    const site = c.req.header('sec-fetch-site')
    const own = origin === `http://${host}`
    const allowed = origin !== undefined && (own || allowOrigins.includes(origin))
    const foreign = origin !== undefined || site === 'cross-site' || site === 'same-site'
    if (foreign && !allowed) {
      throw new TurnError(
        'permission',
        `Requests from web pages of ${origin ?? 'other sites'} are refused. Allow them with --allow-origin.`,
      )
    }
    await next()
  }
}

/**
 * Requires one of the keys, as `Authorization: Bearer` or `x-api-key`, and remembers which client
 * it is. Keys are compared in constant time. Without keys, all clients are the same one.
 */
export function requireKey(apiKeys: readonly string[]): MiddlewareHandler<ServerEnv> {
  const digests = apiKeys.map(digest)
  return async function checkKey(c, next) {
    c.set('client', '')
    if (digests.length > 0 && !OPEN_PATHS.has(c.req.path) && c.req.method !== 'OPTIONS') {
      const givenKey = keyOf(c.req.raw.headers)
      const given = digest(givenKey)
      // All keys are compared, so that the time does not reveal which one was nearly right.
      const matches = digests.filter((key) => timingSafeEqual(key, given))
      if (matches.length === 0) {
        throw new TurnError(
          'authentication',
          'The API key is missing or wrong. Send one of the keys of --api-key as a bearer token.',
        )
      }
      c.set('client', clientOf(givenKey))
    }
    await next()
  }
}

/** A page can send forms and plain text to any server without a preflight request, but not JSON. */
export function requireJson(): MiddlewareHandler {
  return async function checkContentType(c, next) {
    const type = c.req.header('content-type') ?? ''
    if (c.req.method === 'POST' && !/^application\/json\s*(;|$)/i.test(type)) {
      throw new TurnError(
        'unsupported_media_type',
        `The content type must be application/json, not '${type || 'none'}'.`,
      )
    }
    await next()
  }
}

/** The key of a request, as `Authorization: Bearer` or `x-api-key`; empty if there is none. */
function keyOf(headers: Headers): string {
  const bearer = /^Bearer\s+(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  return bearer ?? headers.get('x-api-key') ?? ''
}

/**
 * The name of the client with this key. It is stored with responses, so it must be the same after a
 * restart and in every replica, and must not reveal the key.
 */
function clientOf(key: string): string {
  return digest(`client ${key}`).toString('hex').slice(0, CLIENT_LENGTH)
}

function digest(key: string): Buffer {
  return new Bun.CryptoHasher('sha256').update(key).digest()
}

function hostname(host: string): string {
  return host.replace(/:\d+$/, '')
}
