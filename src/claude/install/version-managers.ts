import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from './install-places.ts'

/**
 * The folders in which version managers keep what they installed, by manager. Where there is one
 * folder per version of Node, the newest comes first.
 */
export function managedPlaces(machine: Machine): Record<string, string[]> {
  const { env, home, platform } = machine
  const data = env['XDG_DATA_HOME'] || join(home, '.local', 'share')
  const windowsData = platform === 'win32' && env['LOCALAPPDATA'] ? env['LOCALAPPDATA'] : data
  const asdf = env['ASDF_DATA_DIR'] || join(home, '.asdf')
  const mise = env['MISE_DATA_DIR'] || join(windowsData, 'mise')
  const volta =
    env['VOLTA_HOME'] ||
    (platform === 'win32' && env['LOCALAPPDATA']
      ? join(env['LOCALAPPDATA'], 'Volta')
      : join(home, '.volta'))
  const fnm = [
    ...(env['FNM_DIR'] ? [env['FNM_DIR']] : []),
    ...(platform === 'win32' && env['APPDATA'] ? [join(env['APPDATA'], 'fnm')] : []),
    join(data, 'fnm'),
    join(home, 'Library', 'Application Support', 'fnm'),
    join(home, '.fnm'),
  ]
  return {
    nvm: versions(join(env['NVM_DIR'] || join(home, '.nvm'), 'versions', 'node'), 'bin'),
    fnm: fnm.flatMap((folder) => [
      // The version that new terminals get.
      ...binFolders(join(folder, 'aliases', 'default'), platform),
      ...versions(join(folder, 'node-versions')).flatMap((version) =>
        binFolders(join(version, 'installation'), platform),
      ),
    ]),
    asdf: ['claude', 'claude-code', 'nodejs'].flatMap((tool) =>
      versions(join(asdf, 'installs', tool), 'bin'),
    ),
    mise: ['claude', 'claude-code', 'npm-anthropic-ai-claude-code', 'node'].flatMap((tool) =>
      versions(join(mise, 'installs', tool)).flatMap((folder) => [join(folder, 'bin'), folder]),
    ),
    n: [...(env['N_PREFIX'] ? [join(env['N_PREFIX'], 'bin')] : []), join(home, 'n', 'bin')],
    Volta: binFolders(
      join(volta, 'tools', 'image', 'packages', '@anthropic-ai', 'claude-code'),
      platform,
    ),
  }
}

/** npm puts programs into `bin` below its prefix, on Windows into the prefix itself. */
const binFolders = (prefix: string, platform: NodeJS.Platform) =>
  platform === 'win32' ? [prefix] : [join(prefix, 'bin')]

/** The folders named by a version (`v22.1.0`, `22.1.0`), newest first, with what is below each. */
function versions(folder: string, ...below: string[]): string[] {
  return list(folder)
    .filter((name) => /^v?\d+\.\d+\.\d+/.test(name))
    .toSorted((a, b) => Bun.semver.order(b, a))
    .map((name) => join(folder, name, ...below))
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // The manager is not installed.
    return []
  }
}
