import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Abilities } from '../../src/claude/abilities.ts'
import { startGuard } from '../../src/claude/process/guard.ts'
import type { Worker } from '../../src/claude/worker.ts'
import { createBoot } from '../../src/commands/boot.ts'
import { resolveConfig } from '../../src/config.ts'
import { createSandbox } from '../../src/demo/sandbox.ts'
import { createLog } from '../../src/log.ts'
import { startTestModelApi, type TestModelApi } from '../support/servers/model-api.ts'
import { CLAUDE } from '../support/servers/server.ts'

/** A model API and workers that ask it, without a pool above them. */
export type Bed = {
  api: TestModelApi
  boot(): Promise<Worker>
  stop(): Promise<void>
}

export function startBed(): Bed {
  const api = startTestModelApi()
  const sandbox = createSandbox(api.url)
  const log = createLog({ level: 'error', format: 'json' })
  const guard = startGuard(log)
  const abilities = new Abilities(log)
  const base = mkdtempSync(join(tmpdir(), 'claude-max-api-rewinding-'))
  const config = resolveConfig({ flags: { 'log-level': 'error' } })
  const boot = createBoot({
    ...{ config, path: CLAUDE, env: sandbox.env, base, guard, abilities },
    onLogin() {},
  })
  return {
    api,
    boot: () => boot({ usualModel: undefined }),
    async stop() {
      await guard.close()
      await api.stop()
      sandbox.remove()
      rmSync(base, { recursive: true, force: true })
    },
  }
}
