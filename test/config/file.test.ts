import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, resolveConfig } from '../../src/config.ts'
import { readConfigFile } from '../../src/config-file.ts'

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
