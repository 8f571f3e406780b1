import type { Context } from 'hono'
import type { Caller } from '../pool/caller.ts'
import type { ServerEnv } from './services.ts'

/** Who sent this request, for all that runs or is stored on its behalf. */
export function callerOf(c: Context<ServerEnv>): Caller {
  return { client: c.get('client'), signal: c.get('lifetime').signal }
}
