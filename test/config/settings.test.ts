import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { ConfigError, type ConfigSources, envName, resolveConfig } from '../../src/config.ts'
import { HELP, SETTINGS } from '../../src/settings.ts'

import { refusal } from './refusal.ts'

describe('a setting', () => {
  const file = { port: 1, 'max-workers': 1, 'idle-ttl': '1m' }
  const env = { CLAUDE_MAX_API_PORT: '2', CLAUDE_MAX_API_MAX_WORKERS: '2' }
  const flags = { port: '3' }

  test('is the flag, before the environment, before the file, before the default', () => {
    expect(resolveConfig({ flags, env, file })).toMatchObject({
      ...{ port: 3, 'max-workers': 2, 'idle-ttl': 60_000, 'max-queue': 64 },
    })
    expect(resolveConfig({ env, file })).toMatchObject({ port: 2, 'idle-ttl': 60_000 })
    expect(resolveConfig({ file })).toMatchObject({ port: 1, 'max-workers': 1 })
  })

  test('that is nowhere has the default that the table of settings tells', () => {
    const defaults = resolveConfig({})
    expect(defaults).toMatchObject({
      ...{ host: '127.0.0.1', port: 3456, 'max-workers': 8, 'warm-workers': 2, 'max-queue': 64 },
      ...{ 'idle-ttl': 300_000, 'park-ttl': 600_000, 'request-timeout': 600_000 },
      ...{ 'api-key': [], 'allow-origin': [], 'model-alias': {}, 'log-bodies': false, demo: false },
    })
    const numbers = Object.entries(HELP).filter(([, { byDefault }]) => /^\d+$/.test(byDefault))
    expect(defaults).toMatchObject(
      Object.fromEntries(numbers.map(([name, { byDefault }]) => [name, Number(byDefault)])),
    )
  })

  test('has one name in three places', () => {
    expect(Object.keys(HELP).toSorted()).toEqual(Object.keys(SETTINGS).toSorted())
    for (const name of Object.keys(SETTINGS)) {
      expect(envName(name)).toMatch(/^CLAUDE_MAX_API_[A-Z_]+$/)
      // A setting that does not exist would be refused.
      expect(() => resolveConfig({ env: { [envName(name)]: undefined } })).not.toThrow()
    }
  })

  test('of which there are several is several flags, a list in the file, or commas', () => {
    const keys = ['a', 'b']
    for (const sources of [
      { flags: { 'api-key': keys } },
      { file: { 'api-key': keys } },
      { file: { 'api-key': 'a, b' } },
      { env: { CLAUDE_MAX_API_API_KEY: 'a,b,' } },
    ]) {
      expect(resolveConfig(sources)['api-key']).toEqual(keys)
    }
    const aliases = { env: { CLAUDE_MAX_API_MODEL_ALIAS: 'gpt-4o=sonnet, o3 = opus' } }
    expect(resolveConfig(aliases)['model-alias']).toEqual({ 'gpt-4o': 'sonnet', o3: 'opus' })
  })

  test('of the rest of the environment is none of ours', () => {
    expect(resolveConfig({ env: { PORT: '1', CLAUDE_CONFIG_DIR: '/x', HOME: '/y' } })).toEqual(
      resolveConfig({}),
    )
  })
})

describe('what is refused names itself and where it stands', () => {
  const wrong: [string, ConfigSources, RegExp][] = [
    ['an unknown flag', { flags: { prot: 80 } }, /Unknown setting 'prot'/],
    ['an unknown key of the file', { file: { 'max-worker': 1 } }, /Unknown setting 'max-worker'/],
    [
      'an unknown variable',
      { env: { CLAUDE_MAX_API_MAX_WORKER: '1' } },
      /CLAUDE_MAX_API_MAX_WORKER/,
    ],
    ['a port that is none', { flags: { port: 'x' } }, /^--port: /],
    ['a port beyond all', { flags: { port: 65_536 } }, /^--port: /],
    ['half a worker', { file: { 'max-workers': 1.5 } }, /^'max-workers' \(file\): /],
    ['no worker', { env: { CLAUDE_MAX_API_MAX_WORKERS: '0' } }, /^CLAUDE_MAX_API_MAX_WORKERS: /],
    ['a socket without a path', { flags: { listen: '/x.sock' } }, /^--listen: .*unix:/],
    ['an alias without a model', { flags: { 'model-alias': ['a='] } }, /^--model-alias: .*=/],
    ['an unknown level', { flags: { 'log-level': 'loud' } }, /^--log-level: /],
    ['a name for two models', { flags: { 'model-alias': ['a=b', 'a=c'] } }, /two models/],
    ['a near flag', { flags: { 'max-worker': 1 } }, /Did you mean max-workers\?/],
    [
      'a near variable',
      { env: { CLAUDE_MAX_API_MAXWORKERS: '1' } },
      /CLAUDE_MAX_API_MAXWORKERS.* Did you mean CLAUDE_MAX_API_MAX_WORKERS\?/,
    ],
    ['the value', { flags: { port: 'x\u001b' } }, /whole number from 0 to 65535, not "x\\u001b"/],
    ['a switch that is neither', { env: { CLAUDE_MAX_API_DEMO: 'perhaps' } }, /_DEMO: /],
  ]
  for (const [name, sources, message] of wrong) {
    test(name, () => {
      expect(refusal(sources)).toMatch(message)
      expect(refusal(sources)).toMatch(/--help|environment/)
    })
  }
})

test('a key is never repeated in a message', () => {
  expect(refusal({ file: { 'api-key': { secret: 'my-secret-key' } } })).not.toContain('my-secret')
})

const idleTtl = (text: unknown) => resolveConfig({ flags: { 'idle-ttl': text } })['idle-ttl']

describe('a duration', () => {
  test('is an amount and a unit', () => {
    expect(['250ms', '30s', '10m', '1.5h', '2d', ' 5s ', '0s'].map(idleTtl)).toEqual([
      ...[250, 30_000, 600_000, 5_400_000, 172_800_000, 5_000],
      // The shortest time is 1 ms.
      1,
    ])
  })

  test('of any other form is refused', () => {
    for (const text of ['10', '', 'm', '-1s', '1 s', '1w', '1s2m', '1e3s', 10, null]) {
      expect(refusal({ flags: { 'idle-ttl': text } })).toMatch(/^--idle-ttl: /)
    }
  })
})

describe('warm workers', () => {
  test('are never more than there may be workers', () => {
    expect(resolveConfig({ flags: { 'max-workers': 1 } })['warm-workers']).toBe(1)
  })

  test('that are asked for beyond that are refused', () => {
    const flags = { 'max-workers': 3, 'warm-workers': 9 }
    expect(refusal({ flags })).toBe(
      '--warm-workers: 9 is more than --max-workers (3). Lower it, or raise --max-workers.',
    )
  })
})

describe('empty is not unset', () => {
  test.each(Object.keys(SETTINGS))('%s is refused wherever it is empty', (name) => {
    for (const empty of ['', ' ']) {
      const variable = { [envName(name)]: empty }
      expect(refusal({ env: variable })).toMatch(new RegExp(`^${envName(name)}: .*empty`))
      expect(refusal({ flags: { [name]: empty } })).toMatch(new RegExp(`^--${name}: .*empty`))
      expect(refusal({ file: { [name]: empty } })).toMatch(new RegExp(`^'${name}' .*empty`))
    }
  })

  test('keys that are nothing but commas leave the door open for nobody', () => {
    expect(refusal({ env: { CLAUDE_MAX_API_API_KEY: ' , ' } })).toContain('empty')
    expect(refusal({ flags: { 'api-key': ['a', ''] } })).toContain('empty')
  })
})

test('a ~ is the home of the owner in every path; with a name it is refused', () => {
  const flags = { claude: '~/bin/claude', listen: 'unix:~/x.sock', 'data-dir': '~' }
  expect(resolveConfig({ flags, env: { HOME: '/home/me' } })).toMatchObject({
    ...{ claude: '/home/me/bin/claude', listen: '/home/me/x.sock', 'data-dir': '/home/me' },
  })
  expect(refusal({ flags: { 'data-dir': '~bob/x' } })).toContain('~')
})

test('a longer wait than a timer has would end at once, so it is refused', () => {
  expect(refusal({ flags: { 'turn-timeout': '25d' } })).toBe(
    '--turn-timeout: expected at most 24d, not "25d". See claude-max-api --help.',
  )
  expect(resolveConfig({ flags: { 'response-retention': '365d' } })).toBeDefined()
})

test('any value of any setting is a configuration or a ConfigError, and nothing else', () => {
  const name = fc.constantFrom(...Object.keys(SETTINGS))
  const settings = fc.dictionary(name, fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 2 })))
  fc.assert(
    fc.property(settings, (flags) => {
      try {
        resolveConfig({ flags })
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        expect(error.message.length).toBeGreaterThan(10)
      }
    }),
    { numRuns: 500 },
  )
})
