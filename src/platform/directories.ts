import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

export type Env = Readonly<Record<string, string | undefined>>

const NAME = 'claude-max-api'

/** The owner's home directory; an empty variable counts as not set. */
export function homeDir(env: Env): string {
  return env['HOME'] || env['USERPROFILE'] || homedir()
}

/**
 * A directory of the XDG specification. By that, an empty variable counts as not set, and a
 * relative path is ignored: it would be in the working directory, where anyone may have put files.
 */
function xdgDir(env: Env, name: string, fallback: string): string {
  const dir = env[name]
  return dir && isAbsolute(dir) ? dir : fallback
}

/** The configuration file that is read if none is named. */
export function defaultConfigFile(env: Env): string {
  return join(xdgDir(env, 'XDG_CONFIG_HOME', join(homeDir(env), '.config')), NAME, 'config.toml')
}

/**
 * The platform's directory for program state. It is taken from the environment that the CLI gets,
 * so that a sandbox does not write to the owner's home.
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

/**
 * The platform's cache directory; undefined on Windows, where the CLI leaves nothing to clean up.
 */
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

/**
 * Replaces a leading `~` by the home directory, because no shell does so in files and in the
 * environment.
 */
export function expandHome(path: string, env: Env): string {
  return /^~(?=$|[\\/])/.test(path) ? homeDir(env) + path.slice(1) : path
}
