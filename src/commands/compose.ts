import type { Hono } from 'hono'
import { WORKER_ARGS, workerEnv } from '../claude/arguments.ts'
import { type Guard, startGuard } from '../claude/guard.ts'
import { sweepSockets } from '../claude/leftovers.ts'
import { LoginState } from '../claude/login-state.ts'
import { neutralDir } from '../claude/neutral-dir.ts'
import { Worker } from '../claude/worker.ts'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import { Pool } from '../pool/pool.ts'
import { createApp } from '../server/app.ts'
import type { ServerEnv } from '../server/services.ts'

export type Parts = {
  config: Config
  log: Log
  /** Absolute path of the CLI. */
  path: string
  /** The environment for the CLI: the owner's, or a sandbox. */
  env: NodeJS.ProcessEnv
}

export type Composition = {
  app: Hono<ServerEnv>
  pool: Pool
  login: LoginState
  /** Ends every process that was started, and resolves when all are reaped. */
  close: () => Promise<void>
}

/** The whole service but its socket: the CLI, the pool over it, and the HTTP surface over that. */
export function compose({ config, log, path, env }: Parts): Composition {
  const login = new LoginState(path, env)
  const guard = startGuard(log)
  sweepSockets(neutralDir().temp)
  const pool = new Pool({
    boot: () => bootWorker({ config, path, env, guard }),
    onAnswered: (loggedIn) => login.note(loggedIn),
    maxWorkers: config['max-workers'],
    warmWorkers: config['warm-workers'],
    maxQueue: config['max-queue'],
    ttlMs: { idle: config['idle-ttl'], parked: config['park-ttl'] },
    log,
  })
  const app = createApp({
    pool,
    catalog: async (signal) => ({
      models: await pool.models(signal),
      aliases: config['model-alias'],
    }),
    dialect: {
      strict: config['strict-parameters'],
      sampling: config.sampling,
      reasoning: config.reasoning,
    },
    loggedIn: () => login.check(),
    apiKeys: config['api-key'],
    allowOrigins: config['allow-origin'],
    log,
  })
  const close = async () => {
    await pool.close()
    await guard.close()
  }
  return { app, pool, login, close }
}

async function bootWorker({
  config,
  path,
  env,
  guard,
}: Omit<Parts, 'log'> & { guard: Guard }): Promise<Worker> {
  const { cwd, temp } = neutralDir()
  return Worker.boot({
    path,
    args: WORKER_ARGS,
    env: workerEnv(env, temp),
    cwd,
    idleTimeoutMs: config['request-timeout'],
    guard,
    places: { env, temp },
    showThinking: config.reasoning === 'summarized',
  })
}
