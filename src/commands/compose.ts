import type { Hono } from 'hono'
import { Abilities } from '../claude/abilities.ts'
import { startGuard } from '../claude/process/guard.ts'
import { sweepTemp, sweepToolLogs } from '../claude/process/leftovers.ts'
import { LoginState } from '../claude/account/login-state.ts'
import { chooseBase, neutralDir } from '../claude/process/neutral-dir.ts'
import type { Config } from '../config.ts'
import { ResponseStore } from '../ledger/response-store.ts'
import type { Log } from '../log.ts'
import { defaultDataDir } from '../platform/directories.ts'
import { Pool } from '../pool/pool.ts'
import type { Examiner } from '../self-test/examiner.ts'
import { createApp } from '../server/app.ts'
import type { ServerEnv } from '../server/services.ts'
import { bootExamined, createBoot } from './boot.ts'
import { createCatalog } from './catalog.ts'
import { createExaminer } from './examiner.ts'

export type Parts = {
  config: Config
  log: Log
  /** Absolute path of the CLI. */
  path: string
  /** Its version, if it is known. */
  version?: string
  /** The environment for the CLI: the owner's, or a sandbox. */
  env: NodeJS.ProcessEnv
  /** The directory in which the CLI's working directory is made; chosen if not given. */
  base?: string
  /** How long a stream keeps its status for a failure before the first event. */
  graceMs?: number
}

export type Composition = {
  app: Hono<ServerEnv>
  pool: Pool
  login: LoginState
  examiner: Examiner
  /** Ends all processes and closes all files; resolves when all processes are reaped. */
  close: () => Promise<void>
}

/**
 * Puts the whole service together, except the socket: the CLI, the pool and the HTTP application.
 */
export function compose(parts: Parts): Composition {
  const { config, log, path, version, env, base: given, graceMs } = parts
  const base = chooseBase(env, given === undefined ? undefined : [given])
  if (base.passedOver.length > 0) {
    const [reason] = base.passedOver
    log.warn(`The CLI runs in ${base.path}, because the usual directory cannot be used.`, {
      reason,
    })
  }
  const login = new LoginState(path, env, config['subscription-only'])
  const noteLogin = (loggedIn: boolean) => login.note(loggedIn)
  const guard = startGuard(log)
  const { cwd, temp } = neutralDir(base.path)
  sweepTemp(temp)
  sweepToolLogs(cwd, { env })
  const abilities = new Abilities(log)
  const folder = config['data-dir'] ?? defaultDataDir(env)
  const examiner = createExaminer({
    ...{ config, log, path, version, env, base: base.path, folder, guard, abilities },
  })
  const boot = createBoot({
    ...{ config, path, env, guard, abilities },
    base: base.path,
    onLogin: noteLogin,
  })
  const pool = new Pool({
    boot: bootExamined(boot, examiner),
    onAnswered: noteLogin,
    maxWorkers: config['max-workers'],
    warmWorkers: config['warm-workers'],
    maxQueue: config['max-queue'],
    queueTimeoutMs: config['queue-timeout'],
    ttlMs: { idle: config['idle-ttl'], parked: config['park-ttl'] },
    log,
  })
  const responses = new ResponseStore({
    folder,
    retentionMs: config['response-retention'],
    log,
  })
  const app = createApp({
    pool,
    responses,
    catalog: createCatalog({
      models: (signal) => pool.models(signal),
      aliases: config['model-alias'],
      log,
    }),
    policy: {
      strict: config['strict-parameters'],
      sampling: config.sampling,
      reasoning: config.reasoning,
    },
    loggedIn: () => login.check(),
    cli: () => examiner.state,
    apiKeys: config['api-key'],
    allowOrigins: config['allow-origin'],
    keyLimit: config['key-limit'],
    logBodies: config['log-bodies'],
    ...(graceMs !== undefined && { graceMs }),
    log,
  })
  const close = async () => {
    await examiner.close()
    await pool.close()
    await guard.close()
    sweepToolLogs(cwd, { env })
    responses.close()
    base.dispose()
  }
  return { app, pool, login, examiner, close }
}
