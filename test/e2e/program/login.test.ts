import { join } from 'node:path'
import { afterAll, expect, test } from 'bun:test'
import { startGuard } from '../../../src/claude/process/guard.ts'
import { createBoot } from '../../../src/commands/boot.ts'
import { resolveConfig } from '../../../src/config.ts'
import { DEFAULT_PARAMETERS } from '../../../src/conversation/types.ts'
import { createSandbox } from '../../../src/demo/sandbox.ts'
import { createLog } from '../../../src/log.ts'
import { startTestModelApi } from '../../support/servers/model-api.ts'
import { CLAUDE } from '../../support/servers/server.ts'

const log = createLog({ level: 'error', format: 'json' })
const guard = startGuard(log)
const api = startTestModelApi()
const sandbox = createSandbox(api.url)
afterAll(async () => {
  await guard.close()
  await api.stop()
  sandbox.remove()
})

const { ANTHROPIC_API_KEY: _, ...nobody } = sandbox.env
const CASES = [
  ['a key', sandbox.env, [true]],
  ['a token', { ...nobody, CLAUDE_CODE_OAUTH_TOKEN: 'dummy' }, [true]],
  ['no login', nobody, [false]],
  ['a cloud provider, of which it cannot tell', { ...nobody, CLAUDE_CODE_USE_BEDROCK: '1' }, []],
] as const

test.each(CASES)('the answer to `initialize` tells of %s', async (_name, env, due) => {
  const told: boolean[] = []
  const onLogin = (loggedIn: boolean) => void told.push(loggedIn)
  const boot = createBoot({
    base: join(sandbox.home, 'base'),
    config: resolveConfig({ flags: {} }),
    path: CLAUDE,
    env,
    guard,
    onLogin,
  })
  const worker = await boot({ for: 'any' }, { usualModel: undefined })
  try {
    const bare = { model: 'sonnet', system: '', messages: [], tools: [] }
    await worker.prepare({ ...bare, parameters: DEFAULT_PARAMETERS }, 0)
    expect(told).toEqual([...due])
  } finally {
    await worker.end()
  }
  expect(api.requests.length).toBe(0)
})
