import { homedir } from 'node:os'
import { join } from 'node:path'
import { parse as parseToml, TomlError } from 'smol-toml'
import { z } from 'zod'
import { SETTINGS } from './settings.ts'

const ENV_PREFIX = 'CLAUDE_MAX_API_'

const Config = z.strictObject(SETTINGS)
export type Config = z.output<typeof Config>

/** A setting that cannot be used; the message names it and its source. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export type ConfigSources = {
  flags?: Record<string, unknown>
  env?: Record<string, string | undefined>
  /** Keys and values of the configuration file. */
  file?: Record<string, unknown>
}

/** Flags before environment before file before defaults; an unknown key is an error. */
export function resolveConfig({ flags = {}, env = {}, file = {} }: ConfigSources): Config {
  const fromEnv = envSettings(env)
  const parsed = Config.safeParse({ ...file, ...fromEnv, ...flags })
  if (parsed.success) return checked(parsed.data)
  const [issue] = parsed.error.issues
  if (issue?.code === 'unrecognized_keys') {
    throw new ConfigError(`Unknown setting '${issue.keys[0]}'. See claude-max-api --help.`)
  }
  const name = String(issue?.path[0] ?? '')
  const source = name in flags ? `--${name}` : name in fromEnv ? envName(name) : `'${name}' (file)`
  throw new ConfigError(`${source}: ${issue?.message}. See claude-max-api --help.`)
}

function checked(config: Config): Config {
  if (!isLoopback(config.host) && config['api-key'].length === 0) {
    throw new ConfigError(
      `--host ${config.host} lets other machines in, so it needs a key: add --api-key <key>.`,
    )
  }
  if (config['warm-workers'] > config['max-workers']) {
    return { ...config, 'warm-workers': config['max-workers'] }
  }
  return config
}

export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host)
}

export function envName(name: string): string {
  return ENV_PREFIX + name.toUpperCase().replaceAll('-', '_')
}

function envSettings(env: Record<string, string | undefined>): Record<string, string> {
  const entries = Object.entries(env).flatMap(([key, value]) => {
    if (!key.startsWith(ENV_PREFIX) || key === CONFIG_ENV || value === undefined) return []
    const name = key.slice(ENV_PREFIX.length).toLowerCase().replaceAll('_', '-')
    if (!(name in SETTINGS)) throw new ConfigError(`Unknown setting ${key} in the environment.`)
    return [[name, value] as const]
  })
  return Object.fromEntries(entries)
}

export const CONFIG_ENV = `${ENV_PREFIX}CONFIG`

/**
 * Reads the TOML file named by `--config` or CLAUDE_MAX_API_CONFIG, which must exist, or the one
 * in the user's configuration directory, which may.
 */
export async function readConfigFile(
  named: string | undefined,
  env: Record<string, string | undefined>,
): Promise<Record<string, unknown>> {
  const home = env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? homedir(), '.config')
  const path = named ?? env[CONFIG_ENV] ?? join(home, 'claude-max-api', 'config.toml')
  const file = Bun.file(path)
  if (!(await file.exists())) {
    if (path === (named ?? env[CONFIG_ENV])) throw new ConfigError(`There is no file ${path}.`)
    return {}
  }
  try {
    return parseToml(await file.text())
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    throw new ConfigError(`${path} is not valid TOML: ${error.message}`)
  }
}

/**
 * Where the platform wants state kept: by the environment that the CLI gets as well, so that
 * nothing of a sandbox lands in the owner's home.
 */
export function defaultDataDir(
  env: Record<string, string | undefined>,
  platform: NodeJS.Platform = process.platform,
): string {
  const home = env['HOME'] ?? env['USERPROFILE'] ?? homedir()
  const name = 'claude-max-api'
  switch (platform) {
    case 'win32':
      return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), name)
    case 'darwin':
      return join(home, 'Library', 'Application Support', name)
    default:
      return join(env['XDG_STATE_HOME'] || join(home, '.local', 'state'), name)
  }
}
