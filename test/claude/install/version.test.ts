import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  isNewerThanTested,
  MINIMUM_VERSION,
  readVersion,
  TESTED_VERSION,
  unsupported,
  versionProblem,
} from '../../../src/claude/install/version.ts'
import packageJson from '../../../package.json'
import { CLAUDE } from '../../support/servers/server.ts'

const TIMEOUT_MS = 1_000

let folder: string
let env: Record<string, string>

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'claude-version-'))
  env = {
    PATH: '/usr/bin:/bin',
    HOME: folder,
    DISABLE_TELEMETRY: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function script(name: string, body: string): Promise<string> {
  const path = join(folder, name)
  await Bun.write(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}

describe('readVersion', () => {
  test('reads the version of the real CLI, which is supported', async () => {
    const version = await readVersion(CLAUDE, env)
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(versionProblem(version)).toBeUndefined()
  })

  test.each([
    ['first', 'echo "2.1.328 (Claude Code)"'],
    ['behind what a wrapper prints', 'echo "nvm: now using node 22"; echo "2.1.328 (Claude Code)"'],
    ['before a remark', 'echo "2.1.328 (Claude Code)"; echo "A new version is available."'],
    ['on a line that ends as on Windows', "printf 'hello\\r\\n2.1.328 (Claude Code)\\r\\n'"],
  ])('finds the version on any line: %s', async (name, body) => {
    expect(await readVersion(await script(name, body), env)).toBe('2.1.328')
  })

  test('a program that is not the CLI is an error that quotes its answer', async () => {
    const path = await script('other', 'echo "claude 0.1"')
    const error = await readVersion(path, env).catch((e: unknown) => e)
    expect(error).toMatchObject({ kind: 'cli_missing' })
    expect(String(error)).toContain('"claude 0.1"')
    expect(String(error)).toContain('--claude')
  })

  test('a CLI that fails is an error with its exit code and reason', async () => {
    const path = await script('broken', 'echo "native binary not installed" >&2; exit 3')
    const error = await readVersion(path, env).catch((e: unknown) => e)
    expect(error).toMatchObject({ kind: 'cli_missing' })
    expect(String(error)).toContain('exit code 3, "native binary not installed"')
  })

  test('a file that cannot be started is an error that names it', async () => {
    const path = join(folder, 'absent')
    const error = await readVersion(path, env).catch((e: unknown) => e)
    expect(error).toMatchObject({ kind: 'cli_missing' })
    expect(String(error)).toContain(path)
  })

  test('a CLI that hangs is killed with all it started, and reaped', async () => {
    const alive = join(folder, 'alive')
    Bun.spawnSync(['mkfifo', alive])
    // Ends when the last process that holds the other end is gone.
    const watcher = Bun.spawn(['cat', alive], { stdout: 'pipe', env })
    const path = await script('hangs', `exec 9> ${alive}; echo $$ >&9; sleep 30 & wait`)

    const error = await readVersion(path, env, TIMEOUT_MS).catch((e: unknown) => e)
    expect(error).toMatchObject({ kind: 'timeout' })
    expect(String(error)).toContain(`${path} --version gave no answer within 1 s`)
    const pid = Number(await new Response(watcher.stdout).text())
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  test('an endless answer ends in an error, not in memory', async () => {
    const path = await script('endless', 'exec yes')
    const error = await readVersion(path, env).catch((e: unknown) => e)
    expect(error).toMatchObject({ kind: 'cli_missing' })
    expect(String(error).length).toBeLessThan(1_000)
  })

  test('gets the given environment and no other', async () => {
    const dump = join(folder, 'env')
    const path = await script('prints-env', `env > ${dump}; echo "2.1.328 (Claude Code)"`)
    await readVersion(path, { PATH: '/usr/bin:/bin', ONLY: 'this' })
    const names = (await Bun.file(dump).text()).match(/^[A-Z_]+(?==)/gm)
    // The shell itself adds these two.
    expect(names?.filter((name) => !['PWD', 'SHLVL', '_'].includes(name)).toSorted()).toEqual([
      'ONLY',
      'PATH',
    ])
  })
})

describe('the range of versions', () => {
  const next = MINIMUM_VERSION.replace(/\d+$/, (patch) => String(Number(patch) + 1))

  test.each([MINIMUM_VERSION, next, `${next}-beta.1`, TESTED_VERSION, '2.2.0', '2.10.0-dev+x'])(
    'takes %s',
    (version) => {
      expect(versionProblem(version)).toBeUndefined()
      expect(unsupported(version, '/opt/claude')).toBeUndefined()
    },
  )

  test.each(['0.2.9', '1.0.128', '2.0.60', '2.1.99', '2.1.306', `${MINIMUM_VERSION}-beta.1`])(
    'refuses %s',
    (version) => {
      const error = unsupported(version, '/opt/claude')
      expect(error).toMatchObject({ kind: 'cli_too_old' })
      for (const part of [version, MINIMUM_VERSION, '`/opt/claude update`', 'npm install -g']) {
        expect(String(error)).toContain(part)
      }
    },
  )

  test.each(['', 'latest', '2.1', 'v2.1.328', '2.1.328_1'])('refuses %j', (version) => {
    const error = unsupported(version, '/opt/claude')
    expect(error).toMatchObject({ kind: 'cli_too_old' })
    expect(String(error)).toContain(`${JSON.stringify(version)}, which is not a version number`)
  })

  test('says which are newer than the tested one', () => {
    expect(isNewerThanTested(TESTED_VERSION)).toBe(false)
    expect(isNewerThanTested(`${TESTED_VERSION}-beta.1`)).toBe(false)
    expect(isNewerThanTested('99.0.0-beta.1')).toBe(true)
    expect(isNewerThanTested('latest')).toBe(false)
  })

  test('has the version of the tests in it', () => {
    const pinned = packageJson.devDependencies['@anthropic-ai/claude-code']
    expect(Bun.semver.order(pinned, TESTED_VERSION)).toBeLessThanOrEqual(0)
    expect(versionProblem(pinned)).toBeUndefined()
  })

  test('an ancient CLI is read and refused', async () => {
    const version = await readVersion(await script('ancient', 'echo "1.0.3 (Claude Code)"'), env)
    expect(unsupported(version, '/opt/claude')).toMatchObject({ kind: 'cli_too_old' })
  })
})
