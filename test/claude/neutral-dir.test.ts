import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { neutralDir } from '../../src/claude/neutral-dir.ts'

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
    expect(() => neutralDir(base)).toThrow('somebody else')
  })
})
