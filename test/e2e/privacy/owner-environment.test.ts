import { afterAll, expect, test } from 'bun:test'
import { lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UNSET } from '../../../src/claude/process/arguments.ts'
import type { ModelRequest } from '../../../src/demo/model-api.ts'
import { startTestModelApi } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

const root = mkdtempSync('/tmp/claude-max-api-owner-')
const api = startTestModelApi()
afterAll(async () => {
  await api.stop()
  rmSync(root, { recursive: true, force: true })
})

const QUESTION = {
  model: 'sonnet',
  messages: [{ role: 'user', content: 'hi' }],
  tools: [
    {
      type: 'function',
      function: { name: 'Bash', description: 'd'.repeat(5_000), parameters: { type: 'object' } },
    },
  ],
}

/** Variables that would change a request, or log it, if they were passed on. */
const MISCHIEF = {
  ...Object.fromEntries(UNSET.map((name) => [name, '1'])),
  CLAUDE_CODE_EFFORT_LEVEL: 'max',
  CLAUDE_CODE_EXTRA_BODY: '{"temperature":0.3}',
  CLAUDE_CODE_MAX_OUTPUT_TOKENS: '777',
  CLAUDE_CODE_DISABLE_THINKING: '1',
  CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE: '1',
  CLAUDE_AGENT_SDK_MCP_NO_PREFIX: '0',
  CLAUDE_CODE_DISABLE_AUTO_MEMORY: '0',
  MAX_THINKING_TOKENS: '1',
  DISABLE_COMPACT: '0',
  ENABLE_TOOL_SEARCH: 'true',
}

/** The only request to the model for one question, of a server of its own, less what is its own. */
async function sent(env: Record<string, string>, plant: (home: string) => void = () => {}) {
  api.forget()
  const base = join(root, 'base')
  const server = await startServer({ api, base, env, settings: { 'warm-workers': 0 } })
  try {
    plant(server.home)
    const limited = await server.post('/v1/chat/completions', { ...QUESTION, max_tokens: 99 })
    expect(await limited.json()).toMatchObject({ choices: [{ message: { content: 'pong' } }] })
    const plain = await server.post('/v1/chat/completions', QUESTION)
    expect(await plain.json()).toMatchObject({ choices: [{ message: { content: 'pong' } }] })
    expect(readdirSync(join(base, 'cwd'))).toEqual([])
    expect([base, server.home].flatMap(openToOthers)).toEqual([])
  } finally {
    await server.stop()
  }
  return api.requests.map(withoutIds)
}

/** The body and what headers tell of the CLI; the session and a process's fingerprint are its own. */
function withoutIds({ body, headers }: ModelRequest) {
  const told = [headers.get('user-agent'), headers.get('anthropic-beta')]
  const text = JSON.stringify({ ...body, told, metadata: undefined })
  return JSON.parse(text.replaceAll(/cc_version=[^;]*/g, 'cc_version'))
}

test('a request is the same, to the byte, whatever the environment or ~/.claude.json says of requests', async () => {
  const usual = await sent({})
  expect(usual).toMatchObject([{ max_tokens: 99 }, { max_tokens: expect.any(Number) }])
  const odd = {
    ...{ SHELL: '/home/someone/bin/zsh', XDG_CACHE_HOME: 'relative', CLAUDE_CONFIG_DIR: '' },
    ...{ NODE_UNIQUE_ID: '1', DEBUG: '1', ANTHROPIC_LOG: 'debug' },
  }
  expect(await sent({ ...MISCHIEF, ...odd })).toEqual(usual)

  // The CLI takes this `env` before its environment.
  const settings = JSON.stringify({ env: MISCHIEF })
  const plant = (home: string) =>
    writeFileSync(join(home, '.claude.json'), settings, { mode: 0o600 })
  expect(await sent({}, plant)).toEqual(usual)
})

test('with --subscription-only a key in ~/.claude.json is not used either', async () => {
  api.forget()
  const env = { ANTHROPIC_API_KEY: undefined, CLAUDE_CODE_OAUTH_TOKEN: 'of-the-subscription' }
  const settings = { 'warm-workers': 0, 'subscription-only': true }
  const server = await startServer({ api, base: join(root, 'base'), env, settings })
  try {
    const paid = JSON.stringify({ env: { ANTHROPIC_API_KEY: 'billed-per-token' } })
    writeFileSync(join(server.home, '.claude.json'), paid)
    expect((await server.post('/v1/chat/completions', QUESTION)).status).toBe(200)
  } finally {
    await server.stop()
  }
  const keys = api.requests.map(({ headers }) => [
    headers.get('x-api-key'),
    headers.get('authorization'),
  ])
  expect(keys).toEqual([[null, 'Bearer of-the-subscription']])
})

/** What the CLI wrote that somebody else could read. */
function openToOthers(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)))
  return paths.filter((path) => {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    return stat !== undefined && (stat.mode & 0o077) !== 0
  })
}
