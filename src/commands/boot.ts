import type { Abilities } from '../claude/abilities.ts'
import { workerArgs, workerEnv } from '../claude/process/arguments.ts'
import type { Guard } from '../claude/process/guard.ts'
import { neutralDir } from '../claude/process/neutral-dir.ts'
import { Worker, type WorkerOptions } from '../claude/worker.ts'
import type { Config } from '../config.ts'
import { toTurnError } from '../errors.ts'
import type { BootHint } from '../pool/pool.ts'
import type { Examiner } from '../self-test/examiner.ts'

export type BootParts = {
  config: Config
  /** Absolute path of the CLI. */
  path: string
  /** The environment for the CLI: the owner's, or a sandbox. */
  env: NodeJS.ProcessEnv
  /** Where the working directory is made. */
  base: string
  guard: Guard
  abilities: Abilities
  onLogin: WorkerOptions['onLogin']
}

/** How workers are booted. */
export function createBoot({ config, path, env, base, guard, abilities, onLogin }: BootParts) {
  const retries = config['upstream-retries']
  const args = workerArgs({ retries, subscriptionOnly: config['subscription-only'] })
  return ({ usualModel }: BootHint): Promise<Worker> => {
    const { cwd, temp } = neutralDir(base)
    return Worker.boot({
      ...{ path, args, cwd, env: workerEnv(env, temp, retries), guard, places: { env, temp } },
      limits: {
        firstEventMs: config['first-event-timeout'],
        idleMs: config['request-timeout'],
        totalMs: config['turn-timeout'],
      },
      showThinking: config.reasoning === 'summarized',
      ...{ usualModel, abilities, onLogin },
    })
  }
}

/**
 * The same, of a CLI that may be used. One that is new is examined beside the start; the worker is
 * handed out when both are done.
 */
export function bootExamined(boot: ReturnType<typeof createBoot>, examiner: Examiner) {
  const bootOnce = async (hint: BootHint): Promise<Worker> => {
    await examiner.identified()
    const verdict = examiner.verdict()
    if (examiner.state.selfTest === 'failed') await verdict
    const booting = boot(hint)
    try {
      const [worker] = await Promise.all([booting, verdict])
      return worker
    } catch (error) {
      await booting.then((worker) => worker.end()).catch(() => {})
      throw error
    }
  }
  return (hint: BootHint): Promise<Worker> =>
    bootOnce(hint).catch((error: unknown) => {
      // Taken away while it was started: an update has begun.
      if (toTurnError(error).kind === 'cli_missing') return bootOnce(hint)
      throw error
    })
}
