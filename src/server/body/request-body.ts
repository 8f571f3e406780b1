import type { Context, MiddlewareHandler } from 'hono'
import { TurnError } from '../../errors.ts'
import type { ServerEnv } from '../services.ts'

export type BodyLimits = {
  maxBytes: number
  /** How long nothing of a body may come. */
  silenceMs: number
  /** How long a whole body may take. */
  totalMs: number
}

export const BODY_LIMITS: BodyLimits = {
  /** 20 images of 3 MB as base64, or 16 million words. */
  maxBytes: 64 * 1024 * 1024,
  silenceMs: 30_000,
  /** The largest body over a line of 2 Mbit/s. */
  totalMs: 5 * 60_000,
}

/** Bounds the bodies of requests; one that says at its start that it is too large is not read. */
export function limitBodies(limits: BodyLimits): MiddlewareHandler<ServerEnv> {
  return async function limitBody(c, next) {
    c.set('bodyLimits', limits)
    if (Number(c.req.header('content-length') ?? 0) > limits.maxBytes) throw tooLarge(limits)
    await next()
  }
}

/** The body of a request, within its bounds. */
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
    // Nothing more of it is wanted; that it cannot be cancelled any more does not matter.
    reader.cancel().catch(() => {})
    if (!raw.signal.aborted || cause instanceof TurnError) throw cause
    throw new TurnError('cancelled', 'The client went away.', { cause })
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
