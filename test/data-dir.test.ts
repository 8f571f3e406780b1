import { expect, test } from 'bun:test'
import { resolveConfig } from '../src/config.ts'
import { defaultDataDir } from '../src/platform/directories.ts'

const DAY_MS = 86_400_000
const HOME = '/home/me'

const cases: [NodeJS.Platform, Record<string, string>, string][] = [
  ['linux', { HOME }, '/home/me/.local/state/claude-max-api'],
  ['linux', { HOME, XDG_STATE_HOME: '/state' }, '/state/claude-max-api'],
  ['linux', { HOME, XDG_STATE_HOME: '' }, '/home/me/.local/state/claude-max-api'],
  // By the XDG specification a relative path is to be ignored.
  ['linux', { HOME, XDG_STATE_HOME: 'state' }, '/home/me/.local/state/claude-max-api'],
  ['linux', { HOME: '', USERPROFILE: HOME }, '/home/me/.local/state/claude-max-api'],
  ['darwin', { HOME }, '/home/me/Library/Application Support/claude-max-api'],
  ['win32', { LOCALAPPDATA: '/local' }, '/local/claude-max-api'],
  ['win32', { USERPROFILE: HOME, LOCALAPPDATA: '' }, '/home/me/AppData/Local/claude-max-api'],
  ['win32', { USERPROFILE: HOME }, '/home/me/AppData/Local/claude-max-api'],
]
for (const [platform, env, expected] of cases) {
  test(`state on ${platform} with ${Object.keys(env).join(' and ')} is kept in ${expected}`, () => {
    expect(defaultDataDir(env, platform)).toBe(expected)
  })
}

test('responses are kept for 30 days unless the owner says otherwise', () => {
  expect(resolveConfig({})).toMatchObject({ 'response-retention': 30 * DAY_MS })
  const flags = { 'response-retention': '2d', 'data-dir': '/data' }
  expect(resolveConfig({ flags })).toMatchObject({
    ...{ 'response-retention': 2 * DAY_MS, 'data-dir': '/data' },
  })
})
