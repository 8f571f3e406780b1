import type { Context } from 'hono'
import type { Caller } from '../pool/caller.ts'
import type { ServerEnv } from './services.ts'

/** Who sent this request: what runs or is stored for it belongs to that client. */
export function callerOf(c: Context<ServerEnv>): Caller {
  return { client: c.get('client'), signal: c.get('lifetime').signal }
}
