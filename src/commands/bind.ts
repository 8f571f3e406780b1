import { existsSync, lstatSync, rmSync } from 'node:fs'
import type { Server } from 'bun'
import type { Config } from '../config.ts'
import { IDLE_S } from '../server/connection.ts'
import { ListenError } from './failed-start.ts'

/** Makes a new socket accessible to its owner only, from its first moment. */
const OWNER_ONLY_UMASK = 0o177

const COMMON = {
  /** Used until the service is ready. */
  fetch: () => new Response('starting', { status: 503, headers: { 'retry-after': '1' } }),
  /** Bun's limit is off: a body that is too large gets an error in the API's own form. */
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  /** Bun's error page for developers shows source code. */
  development: false,
}

/**
 * Listens, and answers 503 until it is told how to answer. If the port or path is taken, the owner
 * gets an error.
 */
export async function bind(config: Config): Promise<Server<undefined>> {
  return config.listen === undefined ? bindPort(config) : bindSocket(config.listen)
}

function bindPort({ host, port }: Config): Server<undefined> {
  try {
    // By default Bun lets several servers share a port, and each gets a part of the requests.
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
    // Any other reason: this machine does not have that address.
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
    // Left by a server that was killed; nobody listens.
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
