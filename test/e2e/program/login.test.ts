import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'bun:test'
import { reportedLogin } from '../../../src/claude/account/reported-login.ts'
import { WORKER_ARGS, workerEnv } from '../../../src/claude/process/arguments.ts'
import { Connection } from '../../../src/claude/process/connection.ts'
import { startGuard } from '../../../src/claude/process/guard.ts'
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

test.each(CASES)('the answer to `initialize` tells of %s', async (_name, env, [due]) => {
  const temp = join(sandbox.home, 'temp')
  mkdirSync(temp, { recursive: true })
  const cli = new Connection({
    ...{ path: CLAUDE, args: WORKER_ARGS, env: workerEnv(env, temp), cwd: temp },
    ...{ guard, places: { env, temp } },
    onMessage: async () => {},
    onRequest: async () => ({}),
    onFailure: () => {},
  })
  try {
    expect(reportedLogin(await cli.request({ subtype: 'initialize' }))).toBe(due)
  } finally {
    await cli.end()
  }
  expect(api.requests.length).toBe(0)
})
