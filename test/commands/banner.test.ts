import { describe, expect, test } from 'bun:test'
import { banner, type BannerFacts } from '../../src/commands/banner.ts'
import { resolveConfig } from '../../src/config.ts'

const ACCOUNT = {
  ...{ loggedIn: true, method: 'claude.ai', provider: 'firstParty' },
  ...{ billing: 'subscription' as const, plan: 'max', source: undefined },
}
const LOGIN = { account: ACCOUNT, problem: undefined }

/** The banner of a server with these settings, line by line. */
function lines(flags: Record<string, unknown> = {}, facts: Partial<BannerFacts> = {}): string[] {
  const text = banner({
    config: resolveConfig({ flags }),
    ...{ port: 3456, path: '/bin/claude', version: '2.1.328', env: {}, login: LOGIN },
    ...facts,
  })
  return text.split('\n')
}

const line = (name: string, ...given: Parameters<typeof lines>) =>
  lines(...given).find((one) => one.startsWith(`  ${name} `))
const command = (...given: Parameters<typeof lines>) =>
  lines(...given).find((one) => one.startsWith('  curl'))

describe('the banner says', () => {
  test('who answers, and who is logged in', () => {
    expect(line('claude')).toBe('  claude   2.1.328, /bin/claude')
    expect(line('login')).toBe('  login    logged in with a Claude subscription (max)')
  })

  test.each([
    ['what went wrong', new Error('it hangs'), 'it hangs'],
    ['that nobody asked', undefined, 'not asked yet'],
  ])('where the login is unknown, %s', (_, problem, reason) => {
    const login = { account: undefined, problem }
    expect(line('login', {}, { login })).toBe(`  login    unknown: ${reason}`)
  })

  test('that a demo is one, and needs no login', () => {
    const env = { ANTHROPIC_API_KEY: 'dummy' }
    expect(lines({ demo: true })[1]).toContain('DEMO')
    expect(line('login', { demo: true })).toBe('  login    none needed (demo)')
    expect(line('billing', { demo: true }, { env })).toBeUndefined()
    expect(lines().join('\n')).not.toMatch(/demo/i)
  })

  test.each([
    [{}, undefined],
    [{ ANTHROPIC_API_KEY: 'dummy' }, 'ANTHROPIC_API_KEY is set. --subscription-only ignores it.'],
    [
      { ANTHROPIC_API_KEY: 'dummy', CLAUDE_CODE_USE_VERTEX: '1' },
      'ANTHROPIC_API_KEY, CLAUDE_CODE_USE_VERTEX are set. --subscription-only ignores them.',
    ],
  ])('who pays, where it is not the subscription: %j', (env, expected) => {
    const found = line('billing', {}, { env })
    if (expected === undefined) expect(found).toBeUndefined()
    else expect(found).toEndWith(expected)
    expect(lines({}, { env }).join('\n')).not.toContain('dummy')
  })

  test.each([
    [{}, 'http://localhost:3456/v1'],
    [{ host: '::1' }, 'http://[::1]:3456/v1'],
    [{ host: '0.0.0.0', 'api-key': ['secret'] }, 'http://0.0.0.0:3456/v1'],
  ])('where it listens, and a command to try: %j', (flags, url) => {
    expect(line('address', flags)).toBe(`  address  ${url}`)
    expect(command(flags)).toStartWith(`  curl ${url}/chat/completions `)
  })

  test('how to reach a socket', () => {
    const flags = { listen: 'unix:/run/claude.sock' }
    expect(line('address', flags)).toBe('  address  unix:/run/claude.sock')
    expect(command(flags)).toStartWith(
      '  curl --unix-socket /run/claude.sock http://localhost/v1/chat/completions ',
    )
  })

  test('that a key is needed, and never which', () => {
    const flags = { 'api-key': ['secret'] }
    expect(line('key', flags)).toBe('  key      required')
    expect(command(flags)).toContain("-H 'authorization: Bearer <key>'")
    expect(lines(flags).join('\n')).not.toContain('secret')
    expect(line('key')).toBeUndefined()
    expect(command()).not.toContain('authorization')
  })

  test('that the log holds prompts, where it does', () => {
    expect(line('log', { 'log-bodies': true })).toContain('--log-bodies')
    expect(line('log')).toBeUndefined()
  })

  test('nothing that could steer a terminal', () => {
    expect(line('claude', {}, { version: '2.1\u001b[31m' })).not.toContain('\u001b')
  })
})
