import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { TurnError } from '../../errors.ts'
import { resolveExecutable, type System } from './executable.ts'
import { installPlaces } from './install-places.ts'

export type LocateOptions = {
  /** The value of `--claude`. If given, no other place is searched. */
  claude?: string | undefined
  env?: NodeJS.ProcessEnv
  platform?: NodeJS.Platform
  home?: string
  /** The folders to search after PATH. */
  places?: readonly string[]
}

/**
 * The absolute path of a `claude` that can be started: the one of `--claude`, or the first one
 * found.
 */
export function locateClaude({
  claude,
  env = process.env,
  platform = process.platform,
  home = homedir(),
  places = installPlaces({ env, platform, home }),
}: LocateOptions = {}): string {
  const system = { env, platform }
  if (claude !== undefined) return locateNamed(resolve(claude), system)

  const unusable: string[] = []
  for (const folder of [...pathFolders(system), ...places]) {
    for (const name of fileNames(system)) {
      const path = join(folder, name)
      const found = resolveExecutable(path, system)
      if (found.type === 'executable') return found.path
      if (found.type === 'unusable') unusable.push(`${path} (${found.reason})`)
    }
  }
  throw new TurnError(
    'cli_missing',
    [
      'The claude CLI was not found.',
      ...(unusable.length > 0 ? [`Found but unusable: ${unusable.join(', ')}.`] : []),
      `Looked for ${fileNames(system).join(', ')} on PATH and in ${places.join(', ')}.`,
      `Install it with \`${INSTALLER[platform === 'win32' ? 'windows' : 'unix']}\` or ` +
        '`npm install -g @anthropic-ai/claude-code`, or give its path with --claude <path>.',
    ].join('\n'),
  )
}

const INSTALLER = {
  unix: 'curl -fsSL https://claude.ai/install.sh | bash',
  windows: 'irm https://claude.ai/install.ps1 | iex',
}

function locateNamed(path: string, system: System): string {
  const found = resolveExecutable(path, system)
  if (found.type === 'executable') return found.path
  const reason = found.type === 'missing' ? 'no such file, or not readable' : found.reason
  throw new TurnError('cli_missing', `--claude ${path} cannot be used: ${reason}.`)
}

/**
 * Relative entries are left out, so that a file in the working directory is never run as the CLI.
 */
function pathFolders({ env, platform }: System): string[] {
  const separator = platform === 'win32' ? ';' : ':'
  return (variable(env, 'PATH', platform) ?? '')
    .split(separator)
    .filter((folder) => isAbsolute(folder))
}

/** The executable first, then the launchers of npm and pnpm, which lead to the executable. */
function fileNames({ env, platform }: System): string[] {
  if (platform !== 'win32') return ['claude']
  const extensions = (variable(env, 'PATHEXT', platform) ?? '.EXE;.CMD').toLowerCase().split(';')
  const known = ['.exe', '.cmd', '.bat'].filter((extension) => extensions.includes(extension))
  return known.map((extension) => `claude${extension}`)
}

/** Windows writes PATH as `Path`, and names in a copy of the environment are case-sensitive. */
function variable(env: NodeJS.ProcessEnv, name: string, platform: NodeJS.Platform) {
  if (platform !== 'win32') return env[name]
  return Object.entries(env).find(([key]) => key.toUpperCase() === name)?.[1]
}
