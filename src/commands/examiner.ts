import { join } from 'node:path'
import type { Abilities } from '../claude/abilities.ts'
import { readVersion, unsupported } from '../claude/install/version.ts'
import type { Guard } from '../claude/process/guard.ts'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import { CLAIMS, examine } from '../self-test/examine.ts'
import { Examiner } from '../self-test/examiner.ts'
import { VerdictFile } from '../self-test/verdict-file.ts'

export type ExaminerParts = {
  config: Config
  log: Log
  /** Absolute path of the CLI, and its version if that is known. */
  path: string
  version: string | undefined
  /** The environment for the CLI: the owner's, or a sandbox. */
  env: NodeJS.ProcessEnv
  /** Where the CLI's working directory is made. */
  base: string
  /** Where verdicts are remembered. */
  folder: string
  guard: Guard
  abilities: Abilities
}

/** Who looks at the CLI before each start. */
export function createExaminer(parts: ExaminerParts): Examiner {
  const { config, log, path, version, env, base, folder, guard, abilities } = parts
  return new Examiner({
    ...{ path, version, abilities, log },
    // A script answers in the demo, so nothing can be paid or sent that should not be.
    skip: config['skip-self-test'] || config.demo,
    readVersion: async () => {
      const read = await readVersion(path, env)
      const problem = unsupported(read, path)
      if (problem) throw problem
      return read
    },
    examine: (signal) => examine({ path, base, guard, log, signal }),
    file: new VerdictFile(join(folder, 'self-test.json')),
    claims: CLAIMS.map(({ name, says }) => `${name}: ${says}`),
  })
}
