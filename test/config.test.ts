import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import {
  ConfigError,
  type ConfigSources,
  envName,
  isLoopback,
  readConfigFile,
  resolveConfig,
} from '../src/config.ts'
import { HELP, SETTINGS } from '../src/settings.ts'

/** The reason for which these settings are refused. */
function refusal(sources: ConfigSources): string {
  try {
    resolveConfig(sources)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('The settings were accepted.')
}

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
    ['a switch that is neither', { env: { CLAUDE_MAX_API_DEMO: 'perhaps' } }, /_DEMO: /],
  ]
  for (const [name, sources, message] of wrong) {
    test(name, () => {
      expect(refusal(sources)).toMatch(message)
      expect(refusal(sources)).toMatch(/--help|environment/)
    })
  }
})

const idleTtl = (text: unknown) => resolveConfig({ flags: { 'idle-ttl': text } })['idle-ttl']

describe('a duration', () => {
  test('is an amount and a unit', () => {
    expect(['250ms', '30s', '10m', '1.5h', '2d', ' 5s ', '0s'].map(idleTtl)).toEqual([
      ...[250, 30_000, 600_000, 5_400_000, 172_800_000, 5_000],
      // Nothing lasts no time at all.
      1,
    ])
  })

  test('of any other form is refused', () => {
    for (const text of ['10', '', 'm', '-1s', '1 s', '1w', '1s2m', '1e3s', 10, null]) {
      expect(refusal({ flags: { 'idle-ttl': text } })).toMatch(/^--idle-ttl: /)
    }
  })
})

describe('a host', () => {
  const OTHERS = [
    '0.0.0.0',
    '::',
    '192.168.1.2',
    'my-machine',
    '127.0.0.1.evil.example',
    '1270.0.0.1',
  ]

  test('that is not loopback needs a key', () => {
    for (const host of OTHERS) {
      expect(refusal({ flags: { host } })).toContain('--api-key')
      expect(resolveConfig({ flags: { host, 'api-key': ['k'] } }).host).toBe(host)
      // Nothing but commas is no key.
      expect(refusal({ flags: { host }, env: { CLAUDE_MAX_API_API_KEY: ' , ' } })).toContain(host)
    }
  })

  test('that is loopback does not', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', 'LOCALHOST', '::1', '[::1]']) {
      expect(resolveConfig({ flags: { host } }).host).toBe(host)
      expect(isLoopback(host)).toBe(true)
    }
  })
})

test('more warm workers than workers are as many as there may be', () => {
  const config = resolveConfig({ flags: { 'max-workers': 3, 'warm-workers': 9 } })
  expect(config['warm-workers']).toBe(3)
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

describe('the file', () => {
  const home = mkdtempSync(join(tmpdir(), 'claude-max-api-config-'))
  afterAll(() => rmSync(home, { recursive: true, force: true }))
  const write = async (name: string, text: string) => {
    const path = join(home, name)
    await Bun.write(path, text)
    return path
  }

  test('is TOML with the names of the flags', async () => {
    const path = await write('good.toml', 'port = 81\nidle-ttl = "1m"\napi-key = ["a", "b"]\n')
    const file = await readConfigFile(path, {})
    expect(resolveConfig({ file })).toMatchObject({
      ...{ port: 81, 'idle-ttl': 60_000, 'api-key': ['a', 'b'] },
    })
  })

  test('that is no TOML is refused with its path, the line and what stands there', async () => {
    const path = await write('bad.toml', 'port = 81\nhost = nowhere"\n')
    const error = await readConfigFile(path, {}).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({
      message: expect.stringMatching(/bad\.toml is not valid TOML[\s\S]*2: +host = nowhere"/),
    })
  })

  test('that is named must be there', async () => {
    const path = join(home, 'nowhere.toml')
    for (const [named, env] of [
      [path, {}],
      [undefined, { CLAUDE_MAX_API_CONFIG: path }],
    ] as const) {
      const error = await readConfigFile(named, env).catch((e: unknown) => e)
      expect(error).toMatchObject({ name: 'ConfigError', message: `There is no file ${path}.` })
    }
  })

  test("is the flag's, before the environment's, before the one in the usual place", async () => {
    const [flag, env] = [await write('flag.toml', 'port = 1'), await write('env.toml', 'port = 2')]
    mkdirSync(join(home, '.config', 'claude-max-api'), { recursive: true })
    await write('.config/claude-max-api/config.toml', 'port = 3')
    await write('xdg/claude-max-api/config.toml', 'port = 4')
    const named = { HOME: home, CLAUDE_MAX_API_CONFIG: env }
    expect(await readConfigFile(flag, named)).toEqual({ port: 1 })
    expect(await readConfigFile(undefined, named)).toEqual({ port: 2 })
    expect(await readConfigFile(undefined, { HOME: home })).toEqual({ port: 3 })
    const xdg = { HOME: home, XDG_CONFIG_HOME: join(home, 'xdg') }
    expect(await readConfigFile(undefined, xdg)).toEqual({ port: 4 })
  })

  test('in the usual place need not be there', async () => {
    expect(await readConfigFile(undefined, { HOME: join(home, 'nobody') })).toEqual({})
  })
})
