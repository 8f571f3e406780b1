import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPlaces } from '../../../src/claude/install/install-places.ts'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'claude-places-'))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('installPlaces', () => {
  test('on Unix begins with the native installer’s, and has every package manager’s', () => {
    const env = { NPM_CONFIG_PREFIX: '/prefix', npm_config_prefix: '/other', BUN_INSTALL: '/bun' }
    const places = installPlaces({ env, platform: 'darwin', home: '/home/me' })
    expect(places[0]).toBe('/home/me/.local/bin')
    expect(places).toEqual(
      expect.arrayContaining([
        '/home/me/.claude/local',
        '/home/me/.claude/local/node_modules/.bin',
        '/opt/homebrew/bin',
        '/usr/local/bin',
        '/home/linuxbrew/.linuxbrew/bin',
        '/home/me/.npm-global/bin',
        '/prefix/bin',
        '/other/bin',
        '/usr/lib/node_modules/.bin',
        '/home/me/.volta/bin',
        '/bun/bin',
        '/home/me/.bun/bin',
      ]),
    )
  })

  test('has nvm’s folders, those of the newest Node first', () => {
    for (const version of ['v9.1.0', 'v22.3.0', 'v22.11.0', 'system']) {
      mkdirSync(join(root, '.nvm/versions/node', version), { recursive: true })
    }
    const places = installPlaces({ env: {}, platform: 'linux', home: root })
    expect(places.filter((place) => place.includes('.nvm'))).toEqual(
      ['v22.11.0', 'v22.3.0', 'v9.1.0'].map((v) => join(root, '.nvm/versions/node', v, 'bin')),
    )
  })

  test('has those of the other version managers', () => {
    const managed = [
      '.asdf/installs/nodejs/22.1.0/bin',
      '.fnm/node-versions/v22.1.0/installation/bin',
      '.local/share/fnm/aliases/default/bin',
      '.local/share/mise/installs/npm-anthropic-ai-claude-code/2.1.328/bin',
      '.volta/tools/image/packages/@anthropic-ai/claude-code/bin',
      'n/bin',
    ].map((folder) => join(root, folder))
    for (const folder of managed) mkdirSync(folder, { recursive: true })
    const places = installPlaces({ env: { N_PREFIX: '/opt/n' }, platform: 'linux', home: root })
    expect(places).toEqual(expect.arrayContaining([...managed, '/opt/n/bin']))
  })

  test('on Windows are all below the user’s folders', () => {
    const env = { APPDATA: '/Roaming', LOCALAPPDATA: '/Local' }
    const places = installPlaces({ env, platform: 'win32', home: '/me' })
    expect(places.slice(0, 2)).toEqual([join('/me', '.local', 'bin'), join('/Roaming', 'npm')])
    expect(places.every((place) => /^[\\/](me|Roaming|Local)[\\/]/.test(place))).toBe(true)
  })
})
