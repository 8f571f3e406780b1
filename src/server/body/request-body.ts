import type { Context, MiddlewareHandler } from 'hono'
import { TurnError } from '../../errors.ts'
import type { ServerEnv } from '../services.ts'

export type BodyLimits = {
  maxBytes: number
  /** How long a body may pause. */
  silenceMs: number
  /** How long a body may take in all. */
  totalMs: number
}

export const BODY_LIMITS: BodyLimits = {
  /** Enough for 20 images of 3 MB as base64, or 16 million words. */
  maxBytes: 64 * 1024 * 1024,
  silenceMs: 30_000,
  /** The time for the largest body at 2 Mbit/s. */
  totalMs: 5 * 60_000,
}

/** Limits request bodies. A body whose declared length is too large is not read. */
export function limitBodies(limits: BodyLimits): MiddlewareHandler<ServerEnv> {
  return async function limitBody(c, next) {
    c.set('bodyLimits', limits)
    if (Number(c.req.header('content-length') ?? 0) > limits.maxBytes) throw tooLarge(limits)
    await next()
  }
}

/** Reads the body of a request within the limits. */
export async function readBody(c: Context<ServerEnv>): Promise<Buffer> {
  const limits = c.get('bodyLimits')
  const { raw } = c.req
  const reader = raw.body?.getReader()
  if (!reader) return Buffer.alloc(0)
  const end = performance.now() + limits.totalMs
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for (;;) {
      const ms = Math.min(limits.silenceMs, end - performance.now())
      const { value, done } = await inTime(reader.read(), ms)
      if (done) return Buffer.concat(chunks, bytes)
      bytes += value.length
      if (bytes > limits.maxBytes) throw tooLarge(limits)
      chunks.push(value)
    }
  } catch (cause) {
    // The rest is not needed, so it does not matter if it cannot be cancelled.
    reader.cancel().catch(() => {})
    if (!raw.signal.aborted || cause instanceof TurnError) throw cause
    throw new TurnError('cancelled', 'The client closed the connection.', { cause })
  }
}

async function inTime<T>(read: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(tooSlow()), Math.max(0, ms))
  return Promise.race([read, late.promise]).finally(() => clearTimeout(timer))
}

function tooSlow(): TurnError {
  return new TurnError('request_timeout', 'The request body did not arrive in time.')
}

function tooLarge({ maxBytes }: BodyLimits): TurnError {
  const mib = Math.floor(maxBytes / 1024 / 1024)
  return new TurnError('request_too_large', `The request body is larger than ${mib} MiB.`)
}
