import { existsSync, lstatSync, rmSync } from 'node:fs'
import type { Server } from 'bun'
import type { Config } from '../config.ts'
import { IDLE_S } from '../server/connection.ts'
import { ListenError } from './failed-start.ts'

/** So that a socket can be opened by its owner alone from the moment it exists. */
const OWNER_ONLY_UMASK = 0o177

const COMMON = {
  /** Until the service is there to answer. */
  fetch: () => new Response('starting', { status: 503, headers: { 'retry-after': '1' } }),
  /** What is too large is said by us, in the dialect of the request, and not by Bun. */
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  /** Bun's page for developers shows source code to whoever meets an error. */
  development: false,
}

/** Listens, and answers 503 until told what to do; a place that is taken is the owner's error. */
export async function bind(config: Config): Promise<Server<undefined>> {
  return config.listen === undefined ? bindPort(config) : bindSocket(config.listen)
}

function bindPort({ host, port }: Config): Server<undefined> {
  try {
    // Outside of development Bun lets several servers share a port, each with a part of the requests.
    return Bun.serve({ hostname: host, port, reusePort: false, idleTimeout: IDLE_S, ...COMMON })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') {
      throw new ListenError(
        1,
        `Port ${port} on ${host} is taken. Stop what listens there, or choose another: --port <port>.`,
      )
    }
    const reason = error instanceof Error ? error.message : String(error)
    // Any other reason is a host that this machine does not have.
    throw new ListenError(
      code === 'EACCES' || code === 'EPERM' ? 77 : 78,
      `Cannot listen on ${host} port ${port}: ${reason}`,
    )
  }
}

async function bindSocket(path: string): Promise<Server<undefined>> {
  if (existsSync(path)) {
    if (!lstatSync(path).isSocket() || (await answers(path))) {
      throw new ListenError(1, `${path} is taken. Stop what listens there, or choose another path.`)
    }
    // Left behind by a server that was killed: nobody listens.
    rmSync(path)
  }
  const umask = process.umask(OWNER_ONLY_UMASK)
  try {
    return Bun.serve({ unix: path, ...COMMON })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ListenError(73, `Cannot listen on ${path}: ${reason}`)
  } finally {
    process.umask(umask)
  }
}

async function answers(path: string): Promise<boolean> {
  return fetch('http://localhost/health', { unix: path }).then(
    () => true,
    () => false,
  )
}
