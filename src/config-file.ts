import { statSync } from 'node:fs'
import { parse as parseToml, TomlError } from 'smol-toml'
import { CONFIG_ENV, ConfigError } from './config.ts'
import { defaultConfigFile, type Env, expandHome } from './platform/directories.ts'

/**
 * Reads the TOML file named by `--config` or CLAUDE_MAX_API_CONFIG, which must exist; otherwise the
 * one in the user's configuration directory, if it exists.
 */
export async function readConfigFile(
  flag: string | undefined,
  env: Env,
): Promise<Record<string, unknown>> {
  if (flag?.trim() === '') throw new ConfigError('--config: it is empty. Name a file.')
  const variable = flag === undefined ? env[CONFIG_ENV] : undefined
  if (variable?.trim() === '') {
    throw new ConfigError(`${CONFIG_ENV}: it is empty. Name a file, or unset it.`)
  }
  const named = flag ?? variable
  const path = named === undefined ? defaultConfigFile(env) : expandHome(named, env)
  const file = Bun.file(path)
  if (!(await file.exists())) {
    if (named !== undefined)
      throw new ConfigError(`There is no configuration file ${path}. Create it, or name another.`)
    return {}
  }
  const settings = toSettings(
    path,
    await file.text().catch((error: unknown) => unread(path, error)),
  )
  checkMode(path, settings)
  return settings
}

function unread(path: string, error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error)
  throw new ConfigError(`${path} cannot be read: ${reason}`)
}

function toSettings(path: string, text: string): Record<string, unknown> {
  try {
    return parseToml(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    throw new ConfigError(`${path} is not valid TOML: ${error.message}`)
  }
}

/**
 * The file may hold API keys, and whoever can change it can choose the program that is started as
 * the CLI.
 */
function checkMode(path: string, settings: Record<string, unknown>): void {
  if (process.platform === 'win32') return
  const mode = statSync(path).mode
  const found = `${path} (mode ${(mode & 0o777).toString(8)})`
  if ((mode & 0o002) !== 0) {
    throw new ConfigError(
      `Other users can change ${found}. Change its permissions: chmod go-w ${path}`,
    )
  }
  if ('api-key' in settings && (mode & 0o077) !== 0) {
    throw new ConfigError(
      `Other users can read ${found}, which holds keys. Change its permissions: chmod 600 ${path}`,
    )
  }
}
