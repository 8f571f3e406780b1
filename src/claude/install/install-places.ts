import { readdirSync } from 'node:fs'
import { join } from 'node:path'

export type Machine = { env: NodeJS.ProcessEnv; platform: NodeJS.Platform; home: string }

/**
 * The folders in which installers put `claude`, most common first. A service manager starts this
 * server with a short PATH without them.
 */
export function installPlaces(machine: Machine): string[] {
  const places = machine.platform === 'win32' ? windowsPlaces(machine) : unixPlaces(machine)
  return [...new Set(places)]
}

function windowsPlaces({ env, home }: Machine): string[] {
  return [
    join(home, '.local', 'bin'),
    ...below(env['APPDATA'], 'npm'),
    ...below(env['NPM_CONFIG_PREFIX'] ?? env['npm_config_prefix']),
    ...below(env['NVM_SYMLINK']),
    ...below(env['LOCALAPPDATA'], 'pnpm'),
    ...below(env['LOCALAPPDATA'], 'Volta', 'bin'),
    ...below(env['LOCALAPPDATA'], 'Microsoft', 'WinGet', 'Links'),
    join(home, '.bun', 'bin'),
    join(home, 'scoop', 'shims'),
  ]
}

function unixPlaces({ env, home }: Machine): string[] {
  return [
    join(home, '.local/bin'),
    // Before the script in ~/.claude/local, which only starts this file.
    join(home, '.claude/local/node_modules/.bin'),
    join(home, '.claude/local'),
    '/opt/homebrew/bin',
    '/usr/local/bin',
    '/home/linuxbrew/.linuxbrew/bin',
    join(home, '.linuxbrew/bin'),
    ...below(env['NPM_CONFIG_PREFIX'], 'bin'),
    ...below(env['npm_config_prefix'], 'bin'),
    join(home, '.npm-global/bin'),
    '/usr/bin',
    '/usr/lib/node_modules/.bin',
    ...below(env['NVM_BIN']),
    ...nvmPlaces(env['NVM_DIR'] ?? join(home, '.nvm')),
    join(home, '.volta/bin'),
    ...below(env['BUN_INSTALL'], 'bin'),
    join(home, '.bun/bin'),
    ...below(env['PNPM_HOME']),
    join(home, '.local/share/pnpm'),
    join(home, 'Library/pnpm'),
  ]
}

/** nvm keeps global packages for each version of Node; the newest comes first. */
function nvmPlaces(nvm: string): string[] {
  const versions = join(nvm, 'versions/node')
  return list(versions)
    .toSorted((a, b) => Bun.semver.order(b, a))
    .map((version) => join(versions, version, 'bin'))
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^v\d+\.\d+\.\d+$/.test(name))
  } catch {
    // nvm is not installed.
    return []
  }
}

function below(folder: string | undefined, ...names: string[]): string[] {
  return folder ? [join(folder, ...names)] : []
}
