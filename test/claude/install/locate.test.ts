import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { locateClaude, type LocateOptions } from '../../../src/claude/install/locate.ts'
import { readVersion } from '../../../src/claude/install/version.ts'

const MODULES = join(import.meta.dir, '../../../node_modules')
const REAL_CLAUDE = join(MODULES, '.bin/claude')
const PACKAGE = 'node_modules/@anthropic-ai/claude-code'
const ELF = '\x7fELF\x02\x01\x01\0'
const PE = 'MZ\x90\0'
const STUB = 'echo "Error: claude native binary not installed." >&2\nexit 1\n'

// Just as npm's cmd-shim 9 writes it for a package whose executable needs no interpreter.
const NPM_SHIM = [
  '@ECHO off',
  'GOTO start',
  ':find_dp0',
  'SET dp0=%~dp0',
  'EXIT /b',
  ':start',
  'SETLOCAL',
  'CALL :find_dp0',
  String.raw`"%dp0%\node_modules\@anthropic-ai\claude-code\bin\claude.exe"   %*`,
  '',
].join('\r\n')
// The same for a JavaScript file, as before 2.1.113.
const NPM_NODE_SHIM = [
  String.raw`IF EXIST "%dp0%\node.exe" (`,
  String.raw`  SET "_prog=%dp0%\node.exe"`,
  ') ELSE (',
  '  SET "_prog=node"',
  ')',
  String.raw`"%_prog%"  "%dp0%\node_modules\@anthropic-ai\claude-code\cli.js" %*`,
].join('\r\n')

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'claude-locate-'))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

/** Writes a file below the temporary root and returns its path. */
async function file(path: string, content: string, mode = 0o755): Promise<string> {
  const full = join(root, path)
  await Bun.write(full, content)
  chmodSync(full, mode)
  return full
}

function link(path: string, target: string): string {
  const full = join(root, path)
  mkdirSync(dirname(full), { recursive: true })
  symlinkSync(target, full)
  return full
}

/** Searches only below the temporary root. */
const locate = (options: LocateOptions = {}) =>
  locateClaude({
    env: { PATH: join(root, 'bin') },
    platform: 'linux',
    home: root,
    places: [],
    ...options,
  })

function failure(options: LocateOptions = {}): unknown {
  try {
    return `found ${locate(options)}`
  } catch (error) {
    return error
  }
}

describe('--claude', () => {
  test('wins over PATH, and the real CLI found by it answers', async () => {
    await file('bin/claude', ELF)
    const path = locate({ claude: REAL_CLAUDE })
    expect(path).toBe(REAL_CLAUDE)
    expect(await readVersion(path, { PATH: '', HOME: root })).toMatch(/^\d+\.\d+\.\d+$/)
  })

  test('a file that is not there is an error, though PATH has one', async () => {
    await file('bin/claude', ELF)
    const error = failure({ claude: join(root, 'absent') })
    expect(error).toMatchObject({ kind: 'cli_missing' })
    expect(String(error)).toContain(`--claude ${join(root, 'absent')} cannot be used: no such file`)
  })

  test('a file that may not be executed is an error', async () => {
    const path = await file('claude', ELF, 0o644)
    expect(String(failure({ claude: path }))).toContain(`${path} cannot be used: not executable`)
  })

  test('a folder is an error', () => {
    expect(String(failure({ claude: root }))).toContain('a folder, not a program')
  })
})

describe('the search', () => {
  test('takes the first on PATH', async () => {
    const first = await file('a/claude', ELF)
    await file('b/claude', ELF)
    expect(locate({ env: { PATH: `${join(root, 'a')}:${join(root, 'b')}` } })).toBe(first)
  })

  test('prefers PATH to the known places', async () => {
    const onPath = await file('bin/claude', ELF)
    const place = dirname(await file('place/claude', ELF))
    expect(locate({ places: [place] })).toBe(onPath)
    expect(locate({ places: [place], env: {} })).toBe(join(place, 'claude'))
  })

  test('leaves out folders named relative to the working directory', async () => {
    await file('bin/claude', ELF)
    const PATH = `:.:${relative(process.cwd(), join(root, 'bin'))}`
    expect(failure({ env: { PATH } })).toMatchObject({ kind: 'cli_missing' })
  })

  test('keeps a symlink to an executable, whose target an update replaces', async () => {
    const path = link('bin/claude', await file('share/claude/versions/2.1.328', ELF))
    expect(locate()).toBe(path)
  })

  test('goes on past what cannot be started, and says so when nothing else is there', async () => {
    const stub = await file('bin/claude', STUB)
    const good = await file('place/claude', ELF)
    expect(locate({ places: [dirname(good)] })).toBe(good)
    expect(String(failure())).toContain(
      `Found but unusable: ${stub} (neither a program nor a script`,
    )
  })

  test('finding nothing says where it looked, how to install and how to name it', () => {
    const error = failure({ places: ['/somewhere/bin'] })
    expect(error).toMatchObject({ kind: 'cli_missing' })
    for (const part of [
      '/somewhere/bin',
      'curl -fsSL https://claude.ai/install.sh | bash',
      'npm install -g @anthropic-ai/claude-code',
      '--claude <path>',
    ]) {
      expect(String(error)).toContain(part)
    }
  })
})

describe('scripts', () => {
  test('the real package without its install script gives the executable beside it', async () => {
    const wrapper = join(root, PACKAGE, 'cli-wrapper.cjs')
    await file(`${PACKAGE}/bin/claude.exe`, STUB)
    copyFileSync(join(MODULES, '@anthropic-ai/claude-code/cli-wrapper.cjs'), wrapper)
    const native = await file(`${PACKAGE}-linux-${process.arch}/claude`, ELF)

    link('bin/claude', join(root, PACKAGE, 'bin/claude.exe'))
    expect(locate()).toBe(native)
    expect(locate({ claude: wrapper })).toBe(native)
  })

  test('the executable may also be below the package, or in its place', async () => {
    const wrapper = await file(`${PACKAGE}/cli-wrapper.cjs`, '#!/usr/bin/env node\n')
    const below = `${PACKAGE}/${PACKAGE}-linux-${process.arch}-musl/claude`
    const nested = await file(below, ELF)
    expect(locate({ claude: wrapper })).toBe(nested)
    const placed = await file(`${PACKAGE}/bin/claude.exe`, ELF)
    expect(locate({ claude: wrapper })).toBe(placed)
  })

  test('one for Node counts only where PATH has Node', async () => {
    const script = await file('bin/claude', '#!/usr/bin/env node\n')
    expect(String(failure())).toContain('a script for node, which is not on PATH')
    await file('bin/node', ELF)
    expect(locate()).toBe(script)
  })

  test('one for the shell is taken as it is', async () => {
    const script = await file('bin/claude', '#!/bin/sh\nexec /opt/claude "$@"\n')
    expect(locate()).toBe(script)
  })
})

const npm = () => join(root, 'npm')

const windows = (options: LocateOptions = {}) => ({
  env: { Path: npm(), PATHEXT: '.COM;.EXE;.BAT;.CMD' },
  platform: 'win32' as const,
  ...options,
})

describe('Windows', () => {
  test('takes claude.exe before a shim beside it', async () => {
    await file('npm/claude.cmd', NPM_SHIM)
    const exe = await file('npm/claude.exe', PE, 0o644)
    expect(locate(windows())).toBe(exe)
  })

  test('follows npm’s shim to the executable', async () => {
    await file('npm/claude.cmd', NPM_SHIM)
    const exe = await file(`npm/${PACKAGE}/bin/claude.exe`, PE)
    expect(locate(windows())).toBe(exe)
  })

  test('follows pnpm’s shim, which writes its folder another way', async () => {
    const target = String.raw`%~dp0\global\5\node_modules\@anthropic-ai\claude-code\bin\claude.exe`
    await file('npm/claude.cmd', `@SETLOCAL\r\n@"${target}"   %*\r\n`)
    const exe = await file(`npm/global/5/${PACKAGE}/bin/claude.exe`, PE)
    expect(locate(windows())).toBe(exe)
  })

  test('follows a shim for Node to the executable of the platform’s package', async () => {
    await file('npm/claude.cmd', NPM_NODE_SHIM)
    await file(`npm/${PACKAGE}/cli.js`, '#!/usr/bin/env node\n')
    const exe = await file(`npm/${PACKAGE}-win32-${process.arch}/claude.exe`, PE)
    expect(locate(windows())).toBe(exe)
  })

  test('never gives a shim to start, nor a script', async () => {
    const shim = await file('npm/claude.cmd', NPM_NODE_SHIM)
    await file(`npm/${PACKAGE}/cli.js`, '#!/usr/bin/env node\n')
    await file('npm/claude', '#!/bin/sh\n')
    const error = failure(windows())
    expect(error).toMatchObject({ kind: 'cli_missing' })
    expect(String(error)).toContain(`${shim} (a script whose native executable is missing`)
    expect(String(error)).toContain('irm https://claude.ai/install.ps1 | iex')
  })

  test('a batch file that starts nothing we can see is unusable', async () => {
    const batch = await file('npm/claude.bat', 'claude-real %*\r\n')
    expect(String(failure(windows({ claude: batch })))).toContain(
      'a batch file that does not start a program',
    )
  })

  test('splits PATH at semicolons', async () => {
    const exe = await file('second/claude.exe', PE)
    const env = { PATH: `${npm()};${dirname(exe)}` }
    expect(locate(windows({ env }))).toBe(exe)
  })
})
