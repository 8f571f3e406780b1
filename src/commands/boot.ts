import { workerArgs, workerEnv } from '../claude/process/arguments.ts'
import type { Guard } from '../claude/process/guard.ts'
import { neutralDir } from '../claude/process/neutral-dir.ts'
import { isWritable } from '../claude/history/session-file.ts'
import { SessionPatterns } from '../claude/history/session-patterns.ts'
import { Worker, type WorkerOptions } from '../claude/worker.ts'
import type { Config } from '../config.ts'
import { type Guess, LONG_HISTORY, type Purpose } from '../pool/forecast.ts'
import type { BootHint } from '../pool/pool.ts'

/** Far longer than preparing any history takes. */
const PREPARE_TIMEOUT_MS = 60_000

export type BootParts = {
  config: Config
  /** Absolute path of the CLI. */
  path: string
  /** The environment for the CLI: the owner's, or a sandbox. */
  env: NodeJS.ProcessEnv
  /** The directory in which the CLI's working directory is made. */
  base: string
  guard: Guard
  onLogin: WorkerOptions['onLogin']
}

/** Returns the function that starts workers, each for the purpose that the pool names. */
export function createBoot({ config, path, env, base, guard, onLogin }: BootParts) {
  const args = workerArgs({
    retries: config['upstream-retries'],
    subscriptionOnly: config['subscription-only'],
  })
  const start = () => {
    const { cwd, temp } = neutralDir(base)
    const cliEnv = workerEnv(env, temp, config['upstream-retries'])
    return { path, cwd, env: cliEnv, guard, places: { env, temp } }
  }
  const patterns = new SessionPatterns(start)

  /** A worker that reads its history from a file, if this version of the CLI can do that. */
  const forLong = async (model: string, options: WorkerOptions): Promise<Worker> => {
    if (!patterns.has(model)) await patterns.learn(model)
    return patterns.get(model) ? Worker.spare(options, patterns) : Worker.boot(options)
  }

  return async (purpose: Purpose, { usualModel }: BootHint): Promise<Worker> => {
    const options: WorkerOptions = {
      ...start(),
      args,
      limits: {
        firstEventMs: config['first-event-timeout'],
        idleMs: config['request-timeout'],
        totalMs: config['turn-timeout'],
      },
      showThinking: config.reasoning === 'summarized',
      usualModel,
      onLogin,
    }
    switch (purpose.for) {
      case 'any':
        return Worker.boot(options)
      case 'long':
        return forLong(purpose.model, options)
      case 'guess': {
        const { conversation, count } = purpose.guess
        const byFile = count > LONG_HISTORY && isWritable(conversation.messages)
        const worker = await (byFile ? forLong(conversation.model, options) : Worker.boot(options))
        return prepared(worker, purpose.guess)
      }
      default:
        return purpose satisfies never
    }
  }
}

/** Prepares the worker for the expected conversation; a worker that does not accept it is ended. */
async function prepared(worker: Worker, { conversation, count }: Guess): Promise<Worker> {
  const timer = setTimeout(() => void worker.end(), PREPARE_TIMEOUT_MS)
  try {
    await worker.prepare(conversation, count)
    return worker
  } catch (error) {
    await worker.end()
    throw error
  } finally {
    clearTimeout(timer)
  }
}
