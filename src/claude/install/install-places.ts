import { join } from 'node:path'
import { managedPlaces } from './version-managers.ts'

export type Machine = { env: NodeJS.ProcessEnv; platform: NodeJS.Platform; home: string }

/**
 * The folders in which installers put `claude`, most common first. A service manager starts this
 * server with a short PATH without them.
 */
export function installPlaces(machine: Machine): string[] {
  const places = machine.platform === 'win32' ? windowsPlaces(machine) : unixPlaces(machine)
  return [...new Set(places)]
}

function windowsPlaces(machine: Machine): string[] {
  const { env, home } = machine
  return [
    join(home, '.local', 'bin'),
    ...below(env['APPDATA'], 'npm'),
    ...below(env['NPM_CONFIG_PREFIX'] ?? env['npm_config_prefix']),
    ...below(env['NVM_SYMLINK']),
    ...below(env['LOCALAPPDATA'], 'pnpm'),
    ...Object.values(managedPlaces(machine)).flat(),
    ...below(env['LOCALAPPDATA'], 'Volta', 'bin'),
    ...below(env['LOCALAPPDATA'], 'Microsoft', 'WinGet', 'Links'),
    join(home, '.bun', 'bin'),
    join(home, 'scoop', 'shims'),
  ]
}

function unixPlaces(machine: Machine): string[] {
  const { env, home } = machine
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
    ...Object.values(managedPlaces(machine)).flat(),
    join(home, '.volta/bin'),
    ...below(env['BUN_INSTALL'], 'bin'),
    join(home, '.bun/bin'),
    ...below(env['PNPM_HOME']),
    join(home, '.local/share/pnpm'),
    join(home, 'Library/pnpm'),
  ]
}

function below(folder: string | undefined, ...names: string[]): string[] {
  return folder ? [join(folder, ...names)] : []
}
