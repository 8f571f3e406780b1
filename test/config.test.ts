import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import {
  ConfigError,
  type ConfigSources,
  envName,
  isLoopback,
  resolveConfig,
} from '../src/config.ts'
import { readConfigFile } from '../src/config-file.ts'
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
    }
  })

  test('that is loopback does not', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', 'LOCALHOST', '::1', '[::1]']) {
      expect(resolveConfig({ flags: { host } }).host).toBe(host)
      expect(isLoopback(host)).toBe(true)
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

const allow = (origin: string) => resolveConfig({ flags: { 'allow-origin': [origin] } })

describe('an allowed origin', () => {
  test.each([
    ...['http://localhost:8080', 'https://example.com', 'http://[::1]:3000'],
    ...['chrome-extension://abcdef', 'app://obsidian.md', 'tauri://localhost'],
  ])('may be %s', (origin) => {
    expect(allow(origin)['allow-origin']).toEqual([origin])
  })

  test.each([
    ...['foo', '*', 'null', 'localhost:8080', 'https://*.example.com', 'http://'],
    ...['http://a/', 'http://a:80', 'HTTP://A', 'https://a/path', 'http://me@a'],
  ])('cannot be %s, which no browser sends', (origin) => {
    expect(() => allow(origin)).toThrow('expected an origin')
  })

  test('that is nearly one is answered with what was meant', () => {
    expect(() => allow('https://Example.com:443/x')).toThrow('write https://example.com')
  })
})

describe('settings that contradict each other', () => {
  const listen = 'unix:/run/x.sock'

  test('in one place are refused, both by name', () => {
    const both = { listen, port: 80 }
    expect(refusal({ flags: both })).toMatch(/--listen and --port/)
    expect(refusal({ file: both })).toMatch(/'listen' \(file\) and 'port' \(file\)/)
    expect(refusal({ flags: { listen, host: 'localhost' } })).toContain('--host')
    const demo = { CLAUDE_MAX_API_DEMO: '1', CLAUDE_MAX_API_DATA_DIR: '/data' }
    expect(refusal({ env: demo })).toMatch(/CLAUDE_MAX_API_DEMO and CLAUDE_MAX_API_DATA_DIR/)
  })

  test('in two places: the stronger one counts', () => {
    const socket = resolveConfig({ flags: { listen }, file: { port: 80 } })
    expect(socket).toMatchObject({ listen: '/run/x.sock', port: 3456 })
    const port = resolveConfig({ flags: { port: 80 }, file: { listen } })
    expect(port).toMatchObject({ listen: undefined, port: 80 })
  })

  test('a demo that was asked for is never given up for the paid model', () => {
    const sources = { flags: { 'data-dir': '/data' }, env: { CLAUDE_MAX_API_DEMO: '1' } }
    expect(refusal(sources)).toContain('--data-dir')
    const demo = resolveConfig({ flags: { demo: true }, file: { 'data-dir': '/data' } })
    expect(demo).toMatchObject({ demo: true, 'data-dir': undefined })
    const noDemo = { flags: { demo: false, 'data-dir': '/data' } }
    expect(resolveConfig(noDemo)).toMatchObject({ demo: false, 'data-dir': '/data' })
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

/** The reason for which this file is refused. */
const fileRefusal = (...args: Parameters<typeof readConfigFile>) =>
  readConfigFile(...args).then(
    () => 'nothing',
    (error: unknown) => (error instanceof ConfigError ? error.message : String(error)),
  )

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
    chmodSync(path, 0o600)
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
      expect(error).toMatchObject({
        name: 'ConfigError',
        message: `There is no configuration file ${path}. Create it, or name another.`,
      })
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

  test.each(['', 'relative/config'])(
    'is not looked for in the working directory when XDG_CONFIG_HOME is %j',
    async (dir) => {
      const before = process.cwd()
      const work = mkdtempSync(join(home, 'work-'))
      for (const folder of ['claude-max-api', 'relative/config/claude-max-api']) {
        await Bun.write(join(work, folder, 'config.toml'), 'claude = "./planted"')
      }
      process.chdir(work)
      try {
        const env = { HOME: join(home, 'nobody'), XDG_CONFIG_HOME: dir }
        expect(await readConfigFile(undefined, env)).toEqual({})
      } finally {
        process.chdir(before)
      }
    },
  )

  test('that is named by nothing is refused', async () => {
    expect(await fileRefusal('', {})).toContain('--config')
    expect(await fileRefusal(undefined, { CLAUDE_MAX_API_CONFIG: ' ' })).toContain('_CONFIG')
  })

  test.skipIf(process.platform === 'win32')(
    'that others can read must hold no keys; that anybody can change is refused',
    async () => {
      const path = await write('modes.toml', 'api-key = "k"')
      for (const [mode, message] of [
        [0o644, 'chmod 600'],
        [0o640, 'chmod 600'],
        [0o606, 'chmod go-w'],
      ] as const) {
        chmodSync(path, mode)
        expect(await fileRefusal(path, {})).toContain(message)
      }
      chmodSync(path, 0o600)
      expect(await readConfigFile(path, {})).toEqual({ 'api-key': 'k' })
      await Bun.write(path, 'port = 1')
      chmodSync(path, 0o644)
      expect(await readConfigFile(path, {})).toEqual({ port: 1 })
    },
  )
})
