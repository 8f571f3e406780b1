import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeAccount, readAccount } from '../../../src/claude/account/account.ts'
import { perTokenBilling, withoutPerTokenBilling } from '../../../src/claude/account/billing.ts'
import { CLAUDE } from '../../support/servers/server.ts'

const SUBSCRIPTION = { CLAUDE_CODE_OAUTH_TOKEN: 'dummy-secret' }
const API_KEY = { ANTHROPIC_API_KEY: 'dummy-secret' }
const AUTH_TOKEN = { ANTHROPIC_AUTH_TOKEN: 'dummy-secret' }
const FEDERATION = {
  ANTHROPIC_FEDERATION_RULE_ID: 'dummy-secret',
  ANTHROPIC_ORGANIZATION_ID: 'dummy-secret',
}

let home: string
let base: Record<string, string>

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'claude-account-'))
  base = {
    PATH: '/usr/bin:/bin',
    HOME: home,
    DISABLE_TELEMETRY: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
  }
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

async function script(body: string): Promise<string> {
  const path = join(home, 'claude')
  await Bun.write(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}

type Case = { name: string; env: Record<string, string>; account: object; line: string }

describe('the real CLI', () => {
  test.each<Case>([
    {
      name: 'without a login',
      env: {},
      account: { loggedIn: false, method: 'none', provider: 'firstParty', billing: 'none' },
      line: 'not logged in: run `claude auth login`',
    },
    {
      name: 'with a subscription token',
      env: SUBSCRIPTION,
      account: { loggedIn: true, method: 'oauth_token', billing: 'subscription' },
      line: 'logged in with a Claude subscription from CLAUDE_CODE_OAUTH_TOKEN',
    },
    {
      name: 'with an API key, which beats a subscription token',
      env: { ...SUBSCRIPTION, ...API_KEY },
      account: { loggedIn: true, method: 'api_key', billing: 'per_token' },
      line: 'API key from ANTHROPIC_API_KEY, billed per token',
    },
    {
      name: 'with a bearer token, which the CLI calls oauth_token too',
      env: { ...SUBSCRIPTION, ...AUTH_TOKEN },
      account: { loggedIn: true, method: 'oauth_token', billing: 'per_token' },
      line: 'token from ANTHROPIC_AUTH_TOKEN, billed per token',
    },
    {
      name: 'on Bedrock',
      env: { ...SUBSCRIPTION, CLAUDE_CODE_USE_BEDROCK: '1' },
      account: { loggedIn: true, provider: 'bedrock', billing: 'per_token' },
      line: 'Amazon Bedrock, billed per token',
    },
    {
      name: 'on Vertex',
      env: { CLAUDE_CODE_USE_VERTEX: 'true' },
      account: { loggedIn: true, provider: 'vertex', billing: 'per_token' },
      line: 'Google Vertex AI, billed per token',
    },
  ])('$name', async ({ env, account, line }) => {
    const read = await readAccount(CLAUDE, { ...base, ...env })
    expect(read).toMatchObject(account)
    expect(describeAccount(read)).toBe(line)
    expect(JSON.stringify(read)).not.toContain('dummy-secret')
  })

  test('a key in a settings file does not count, as workers do not read it', async () => {
    const settings = JSON.stringify({ env: API_KEY, apiKeyHelper: 'echo dummy-secret' })
    await Bun.write(join(home, '.claude/settings.json'), settings)
    expect(await readAccount(CLAUDE, base)).toMatchObject({ loggedIn: false })
  })

  test('counts a key in ~/.claude.json, but not when workers are kept from it', async () => {
    await Bun.write(join(home, '.claude.json'), JSON.stringify({ env: API_KEY }))
    const env = { ...base, ...SUBSCRIPTION }
    expect(await readAccount(CLAUDE, env)).toMatchObject({ billing: 'per_token' })
    const clean = await readAccount(CLAUDE, env, { subscriptionOnly: true })
    expect(clean).toMatchObject({ billing: 'subscription' })
  })

  const billed = [
    API_KEY,
    AUTH_TOKEN,
    FEDERATION,
    { CLAUDE_CODE_USE_FOUNDRY: 'yes' },
    { CLAUDE_CODE_USE_MANTLE: '1' },
    { CLAUDE_CODE_USE_ANTHROPIC_AWS: '1' },
    { CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD: 'on' },
  ].map((env) => ({ name: Object.keys(env)[0] ?? '', env }))

  // On macOS a login is in the keychain, which a test must not touch.
  test.skipIf(process.platform !== 'linux').each(billed)(
    'agrees that $name beats a stored login, and that without it the login is back',
    async ({ name, env }) => {
      const login = { accessToken: 'dummy-secret', refreshToken: 'dummy-secret' }
      const claudeAiOauth = {
        ...login,
        expiresAt: Date.UTC(2100, 0, 1),
        scopes: ['user:inference', 'user:profile'],
        subscriptionType: 'max',
      }
      await Bun.write(join(home, '.claude/.credentials.json'), JSON.stringify({ claudeAiOauth }))

      const all = { ...base, ...env }
      expect(perTokenBilling(all)).toEqual([name])
      expect(await readAccount(CLAUDE, all)).toMatchObject({ billing: 'per_token' })
      const clean = await readAccount(CLAUDE, withoutPerTokenBilling(all))
      expect(clean).toMatchObject({ method: 'claude.ai', billing: 'subscription', plan: 'max' })
      expect(describeAccount(clean)).toBe('logged in with a Claude subscription (max)')
    },
  )
})

describe('a CLI that gives no usable status', () => {
  test.each(['echo hello', 'echo "{}"', 'exit 2', `echo '{"loggedIn":"yes"}'`])(
    '%s is an error that says how to look',
    async (body) => {
      const error = await readAccount(await script(body), base).catch((e: unknown) => e)
      expect(error).toMatchObject({ kind: 'worker' })
      expect(String(error)).toContain('auth status')
    },
  )

  test('its output, which may name the owner, is not in the error', async () => {
    const path = await script(`echo '{"email":"me@example.com"}'`)
    const error = await readAccount(path, base).catch((e: unknown) => e)
    expect(Bun.inspect(error)).not.toContain('me@example.com')
  })

  test('a hang is an error within the bound', async () => {
    const error = await readAccount(await script('sleep 600'), base, { timeoutMs: 200 }).catch(
      (e: unknown) => e,
    )
    expect(error).toMatchObject({ kind: 'timeout' })
  })
})
