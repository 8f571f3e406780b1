import { describe, expect, test } from 'bun:test'
import { WORKER_ARGS, workerArgs, workerEnv } from '../../../src/claude/process/arguments.ts'
import { cliEnvironment } from '../../../src/claude/process/cli-environment.ts'
import { envName } from '../../../src/config.ts'
import { SETTINGS } from '../../../src/settings.ts'

describe('workerEnv', () => {
  test('none of our own settings reaches the CLI, the key least of all', () => {
    const names = [...Object.keys(SETTINGS).map(envName), 'CLAUDE_MAX_API_CONFIG']
    expect(names).toContain('CLAUDE_MAX_API_API_KEY')
    const env = workerEnv(Object.fromEntries(names.map((name) => [name, 'secret'])), '/tmp/x')
    expect(Object.keys(env).filter((name) => name.startsWith('CLAUDE_MAX_API'))).toEqual([])
    expect(Object.values(env)).not.toContain('secret')
  })

  test('what makes the CLI the one it is for its owner is handed on', () => {
    const owner = {
      PATH: '/bin',
      HOME: '/home/me',
      CLAUDE_CONFIG_DIR: '/home/me/.claude',
      CLAUDE_CODE_OAUTH_TOKEN: 'token',
      CLAUDE_CODE_USE_BEDROCK: '1',
      AWS_REGION: 'eu-central-1',
      HTTPS_PROXY: 'http://proxy',
    }
    expect(workerEnv(owner, '/tmp/x')).toMatchObject(owner)
  })

  test('any other name of the CLI is dropped, also one that is new to us', () => {
    const names = [
      ...['CLAUDE_CODE_EXTRA_BODY', 'CLAUDECODE', 'CLAUDE_CODE_ENTRYPOINT', 'CLAUDE_CODE_SSE_PORT'],
      ...['CLAUDE_CODE_SOMETHING_NEW', 'CLAUDE_ENV_FILE', 'MAX_THINKING_TOKENS', 'SHELL'],
      ...['MCP_TIMEOUT', 'NODE_UNIQUE_ID', 'DEBUG'],
    ]
    const env = workerEnv(Object.fromEntries(names.map((name) => [name, 'x'])), '/tmp/x')
    expect(names.filter((name) => name in env)).toEqual([])
  })

  test('empty is unset, and so is a relative path where the XDG specification says so', () => {
    const env = { CLAUDE_CONFIG_DIR: '', HOME: '', XDG_CACHE_HOME: 'x', XDG_DATA_HOME: '/data' }
    expect(cliEnvironment(env)).toEqual({ XDG_DATA_HOME: '/data' })
  })

  test("the owner cannot switch on by accident what would change a client's conversation", () => {
    const env = workerEnv({ DISABLE_COMPACT: '0', CLAUDE_CODE_MAX_RETRIES: '9' }, '/tmp/x')
    expect(env).toMatchObject({ DISABLE_COMPACT: '1', CLAUDE_CODE_MAX_RETRIES: '0' })
    expect(env['CLAUDE_CODE_TMPDIR']).toBe('/tmp/x')
  })

  test('a variable without a value is none', () => {
    expect(workerEnv({ ANTHROPIC_API_KEY: undefined }, '/tmp/x')).not.toHaveProperty(
      'ANTHROPIC_API_KEY',
    )
  })
})

const settings = (args: string[]) => JSON.parse(args[args.indexOf('--settings') + 1] ?? '')

describe('WORKER_ARGS', () => {
  test('keep the tools, settings, servers and sessions of the owner out', () => {
    const line = WORKER_ARGS.join('\n')
    for (const part of [
      '--tools\n\n',
      '--setting-sources\n\n',
      '--strict-mcp-config',
      '--no-session-persistence',
      '--disable-slash-commands',
    ]) {
      expect(line).toContain(part)
    }
  })

  test("set above the owner's ~/.claude.json what keeps a worker quiet, and unset what bills", () => {
    expect(settings(workerArgs({ retries: 3 })).env).toMatchObject({
      ...{ DISABLE_COMPACT: '1', CLAUDE_CODE_MAX_RETRIES: '3', CLAUDE_CODE_EXTRA_BODY: '' },
    })
    expect(settings(workerArgs()).env).not.toHaveProperty('ANTHROPIC_API_KEY')
    expect(settings(workerArgs({ subscriptionOnly: true })).env).toMatchObject({
      ...{ ANTHROPIC_API_KEY: '', CLAUDE_CODE_USE_BEDROCK: '' },
    })
  })
})
