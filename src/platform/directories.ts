import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

export type Env = Readonly<Record<string, string | undefined>>

const NAME = 'claude-max-api'

/** The owner's home; an empty variable is unset. */
export function homeDir(env: Env): string {
  return env['HOME'] || env['USERPROFILE'] || homedir()
}

/**
 * A directory of the XDG specification, which says: empty is unset, and a relative path is to be
 * ignored. It would mean the working directory, where anybody's files may lie.
 */
function xdgDir(env: Env, name: string, fallback: string): string {
  const dir = env[name]
  return dir && isAbsolute(dir) ? dir : fallback
}

/** Where the settings are looked for if no file is named. */
export function defaultConfigFile(env: Env): string {
  return join(xdgDir(env, 'XDG_CONFIG_HOME', join(homeDir(env), '.config')), NAME, 'config.toml')
}

/**
 * Where the platform wants state kept: by the environment that the CLI gets as well, so that
 * nothing of a sandbox lands in the owner's home.
 */
export function defaultDataDir(env: Env, platform: NodeJS.Platform = process.platform): string {
  const home = homeDir(env)
  switch (platform) {
    case 'win32':
      return join(env['LOCALAPPDATA'] || join(home, 'AppData', 'Local'), NAME)
    case 'darwin':
      return join(home, 'Library', 'Application Support', NAME)
    default:
      return join(xdgDir(env, 'XDG_STATE_HOME', join(home, '.local', 'state')), NAME)
  }
}

/** Where programs keep what they can make again; on Windows the CLI keeps nothing of interest. */
export function cacheDir(
  env: Env,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const home = homeDir(env)
  switch (platform) {
    case 'win32':
      return undefined
    case 'darwin':
      return join(home, 'Library', 'Caches')
    default:
      return xdgDir(env, 'XDG_CACHE_HOME', join(home, '.cache'))
  }
}

/** `~` and `~/x` as paths of the owner's home: files and the environment know no shell. */
export function expandHome(path: string, env: Env): string {
  return /^~(?=$|[\\/])/.test(path) ? homeDir(env) + path.slice(1) : path
}
