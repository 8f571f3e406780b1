import { describe, expect, test } from 'bun:test'
import type { Choice, Examined } from '../../src/claude/install/choose.ts'
import { TESTED_VERSION } from '../../src/claude/install/version.ts'
import { banner, type BannerFacts } from '../../src/commands/banner.ts'
import { resolveConfig } from '../../src/config.ts'

const ACCOUNT = {
  ...{ loggedIn: true, method: 'claude.ai', provider: 'firstParty' },
  ...{ billing: 'subscription' as const, plan: 'max', source: undefined },
}
const CHOICE: Choice = {
  ...{ path: '/bin/claude', version: TESTED_VERSION, source: 'path', reason: 'the first on PATH' },
  ...{ remarks: [], others: [] },
}
const LOGIN = { account: ACCOUNT, problem: undefined }

const CLI: BannerFacts['cli'] = {
  ...{ version: '2.1.328', selfTest: 'passed', off: [], problem: undefined },
}

/** The banner of a server with these settings, line by line. */
function lines(flags: Record<string, unknown> = {}, facts: Partial<BannerFacts> = {}): string[] {
  const text = banner({
    config: resolveConfig({ flags }),
    ...{ port: 3456, choice: CHOICE, cli: CLI, env: {}, login: LOGIN },
    ...facts,
  })
  return text.split('\n')
}

const line = (name: string, ...given: Parameters<typeof lines>) =>
  lines(...given).find((one) => one.startsWith(`  ${name} `))
const command = (...given: Parameters<typeof lines>) =>
  lines(...given).find((one) => one.startsWith('  curl'))

const other = (path: string, facts: Partial<Examined>): Examined => ({
  ...{ path, real: path, source: 'path', problem: undefined, remarks: [], version: undefined },
  ...facts,
})

describe('the banner says', () => {
  test('who answers, and who is logged in', () => {
    expect(line('claude')).toBe(`  claude   ${TESTED_VERSION}, /bin/claude`)
    expect(line('tested')).toBe('  tested   passed')
    expect(line('because')).toBeUndefined()
    expect(line('note')).toBeUndefined()
    expect(line('login')).toBe('  login    logged in with a Claude subscription (max)')
  })

  test('why that CLI answers, if there are others', () => {
    const others = [
      other('/old/claude', { problem: '1.0.3 is too old' }),
      other('/home/me/.local/bin/claude', { source: 'place' }),
      other('/src/node_modules/.bin/claude', { source: 'project' }),
    ]
    expect(line('because', {}, { choice: { ...CHOICE, others } })).toBe(
      '  because  the first on PATH; not used: /old/claude (1.0.3 is too old), ' +
        "/home/me/.local/bin/claude (not on PATH), /src/node_modules/.bin/claude (a project's own copy)",
    )
  })

  test('that a project’s own copy answers, though there is no other', () => {
    const choice: Choice = { ...CHOICE, source: 'project', reason: 'no other works' }
    expect(line('because', {}, { choice })).toBe('  because  no other works')
  })

  test('that the CLI is newer than the tested one', () => {
    expect(line('claude', {}, { choice: { ...CHOICE, version: '99.1.0-beta.1' } })).toBe(
      `  claude   99.1.0-beta.1, /bin/claude (newer than ${TESTED_VERSION}, the newest that was tested)`,
    )
  })

  test('what a wrapper does besides', () => {
    const choice = { ...CHOICE, remarks: ['changes the directory (cd ~)', 'adds --model opus'] }
    expect(line('note', {}, { choice })).toStartWith(
      '  note     /bin/claude changes the directory (cd ~), and adds --model opus.',
    )
  })

  test.each([
    [{}, '/bin/claude', '`/bin/claude auth login`'],
    [{}, "/my files/claude's", "`'/my files/claude'\\''s' auth login`"],
    [
      { CLAUDE_CONFIG_DIR: '/c d' },
      '/bin/claude',
      "`CLAUDE_CONFIG_DIR='/c d' /bin/claude auth login`",
    ],
  ])('how to log in, as a command that works as it is printed: %j, %s', (env, path, command_) => {
    const account = { ...ACCOUNT, loggedIn: false, billing: 'none' as const }
    const facts = { env, choice: { ...CHOICE, path }, login: { account, problem: undefined } }
    expect(line('login', {}, facts)).toBe(`  login    not logged in: run ${command_}`)
  })

  test('what the CLI is done without, and nothing of a self-test that was skipped', () => {
    const without = { ...CLI, off: ['rewind'] }
    expect(line('tested', {}, { cli: without })).toContain('passed, but for: rewind')
    expect(line('tested', {}, { cli: { ...CLI, selfTest: 'skipped' } })).toBeUndefined()
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
    expect(line('claude', {}, { choice: { ...CHOICE, version: '2.1\u001b[31m' } })).not.toContain(
      '\u001b',
    )
  })
})
