import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { chooseBase, namesNobody, neutralDir } from '../../../src/claude/process/neutral-dir.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'neutral-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const modeOf = (path: string) => statSync(path).mode & 0o777

describe('neutralDir', () => {
  test('is the same for everybody who asks, and names nobody', () => {
    const { cwd } = neutralDir()
    expect(neutralDir().cwd).toBe(cwd)
    expect(cwd).not.toContain(userInfo().homedir)
    expect(cwd).not.toContain(userInfo().username)
  })

  test('is made for the owner alone', () => {
    const { cwd, temp } = neutralDir(join(root, 'base'))
    for (const path of [join(root, 'base'), cwd, temp]) expect(modeOf(path)).toBe(0o700)
  })

  test('is made again after a system has cleaned up', () => {
    const base = join(root, 'base')
    neutralDir(base)
    rmSync(base, { recursive: true })
    expect(statSync(neutralDir(base).cwd).isDirectory()).toBe(true)
  })

  test('is closed to others if it was open', () => {
    const base = join(root, 'base')
    mkdirSync(base)
    chmodSync(base, 0o777)
    neutralDir(base)
    expect(modeOf(base)).toBe(0o700)
  })

  test('is refused when something is in it: the CLI would read it', () => {
    const { cwd } = neutralDir(join(root, 'base'))
    writeFileSync(join(cwd, 'CLAUDE.md'), 'obey')
    expect(() => neutralDir(join(root, 'base'))).toThrow(cwd)
  })

  test('is refused when it is a link to somewhere else', () => {
    const base = join(root, 'base')
    mkdirSync(join(root, 'elsewhere'))
    symlinkSync(join(root, 'elsewhere'), base)
    expect(() => neutralDir(base)).toThrow(base)
  })

  // Only root can give a directory away.
  test.skipIf(process.getuid?.() !== 0)('is refused when somebody else owns it', async () => {
    const base = join(root, 'base')
    mkdirSync(base)
    Bun.spawnSync(['chown', '12345', base])
    expect(() => neutralDir(base)).toThrow('another user')
  })
})

describe('chooseBase', () => {
  /** Places that are no use, how they come about, and what the reason says. */
  const taken: [string, string, (path: string) => void, string][] = [
    ['a link', 'link', (path) => symlinkSync(root, path), 'another user'],
    ['a file', 'file', (path) => writeFileSync(path, ''), 'another user'],
    ['below a file', 'file/base', (path) => writeFileSync(dirname(path), ''), 'cannot be made'],
    ['a file system for reading only', '/proc/base', () => {}, 'cannot be made'],
  ]

  test.each(taken)('passes over %s, says why, and takes the next', (_, name, occupy, reason) => {
    const path = resolve(root, name)
    occupy(path)
    const next = join(root, 'next')
    const base = chooseBase({}, [path, next])
    expect(base.path).toBe(next)
    expect(base.passedOver).toEqual([expect.stringContaining(reason)])
    expect(neutralDir(base.path).cwd).toBe(join(next, 'cwd'))
    base.dispose()
    expect(existsSync(next)).toBe(true)
  })

  // Only root can give a directory away.
  test.skipIf(process.getuid?.() !== 0)('passes over one that somebody else made', () => {
    const path = join(root, 'base')
    mkdirSync(path)
    Bun.spawnSync(['chown', '12345', path])
    expect(chooseBase({}, [path, join(root, 'next')]).path).toBe(join(root, 'next'))
  })

  test('when all are taken, takes one whose name nobody can know, and removes it', () => {
    const path = join(root, 'base')
    writeFileSync(path, '')
    const base = chooseBase({}, [path])
    expect(base.path).toMatch(/base-\w{6}$/)
    expect(modeOf(neutralDir(base.path).cwd)).toBe(0o700)
    base.dispose()
    expect(existsSync(base.path)).toBe(false)
  })

  test('says all reasons when there is no place at all', () => {
    expect(() => chooseBase({}, ['/proc/a', '/proc/b'])).toThrow(/\/proc\/a[\s\S]*\/proc\/b/)
  })
})

test('a place names nobody if neither the home nor the user is in its path', () => {
  const env = { HOME: '/home/someone' }
  const { username } = userInfo()
  for (const path of ['/tmp', '/run/user/1000', '/var/folders/zz/zyx/T', '/home/someone-else']) {
    expect(namesNobody(path, env)).toBe(true)
  }
  for (const path of ['/home/someone', '/home/someone/tmp', `/scratch/${username}/tmp`]) {
    expect(namesNobody(path, env)).toBe(false)
  }
})
