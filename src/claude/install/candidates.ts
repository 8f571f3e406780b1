import { existsSync } from 'node:fs'
import { isAbsolute, join, resolve, sep } from 'node:path'
import { readHead, resolveExecutable, type System } from './executable.ts'
import { lastingFolder, realPath, shimOf } from './shims.ts'
import { managedPlaces } from './version-managers.ts'

/** Where a CLI was found; `project` is a dependency of some checkout, not the owner's own CLI. */
type Source = 'flag' | 'path' | 'place' | 'project'

/** A file named `claude` on this machine. */
export type Candidate = {
  /** What would be started: the file behind a launcher or a version manager's shim. */
  path: string
  /** The file behind all symlinks; the same for two names of one CLI. */
  real: string
  source: Source
  /** Why it cannot be started; undefined if it can. */
  problem: string | undefined
  /** What its owner should know: it is a script that adds flags, for example. */
  remarks: readonly string[]
}

export type Search = {
  /** The value of `--claude`. If given, nothing else is a candidate. */
  claude: string | undefined
  env: NodeJS.ProcessEnv
  platform: NodeJS.Platform
  home: string
  /** The folders to search after PATH. */
  places: readonly string[]
}

/** Every `claude` on PATH and in the places of installers, the preferred one first. */
export function findCandidates(search: Search): Candidate[] {
  const { claude, places } = search
  if (claude !== undefined) return [named(resolve(claude), search)]

  const onPath = pathFolders(search)
  const found = [
    ...onPath.filter((folder) => !isProjects(folder, places)).flatMap(inFolder('path', search)),
    ...places.flatMap(inFolder('place', search)),
    ...onPath.filter((folder) => isProjects(folder, places)).flatMap(inFolder('project', search)),
  ]
  // One file often has several names: /bin is a link to /usr/bin, for example.
  const first = new Map(found.toReversed().map((candidate) => [candidate.real, candidate]))
  return found.filter((candidate) => first.get(candidate.real) === candidate)
}

/**
 * `npm start` and `bun run` put the checkout's own `node_modules/.bin` first on PATH, with the CLI
 * that its tests use.
 */
function isProjects(folder: string, places: readonly string[]): boolean {
  return folder.endsWith(join(sep, 'node_modules', '.bin')) && !places.includes(folder)
}

const inFolder = (source: Source, search: Search) => (folder: string) =>
  fileNames(search).flatMap((name) => candidatesAt(join(folder, name), source, search))

/** The candidates behind one file: none if it is not there, several behind a shim. */
function candidatesAt(path: string, source: Source, search: Search): Candidate[] {
  const manager = shimOf(path, readHead(path)?.toString('utf8') ?? '')
  if (manager !== undefined) {
    const folders = managedPlaces(search)[manager] ?? []
    const managed = folders.flatMap((folder) =>
      fileNames(search)
        .map((name) => join(folder, name))
        .filter((file) => existsSync(file))
        .flatMap((file) => examine(file, source, search) ?? []),
    )
    if (managed.some(({ problem }) => problem === undefined)) return managed
  }
  const candidate = examine(path, source, search)
  if (candidate === undefined || manager === undefined) return candidate ? [candidate] : []
  const remark = `is a shim of ${manager}, which decides what is started`
  return [{ ...candidate, remarks: [remark, ...candidate.remarks] }]
}

function examine(path: string, source: Source, system: System): Candidate | undefined {
  const found = resolveExecutable(path, system)
  if (found.type === 'missing') return undefined
  const common = { source, problem: undefined, remarks: [] }
  if (found.type === 'unusable') {
    return { ...common, path, real: realPath(path), problem: found.reason }
  }
  const { path: program, remarks } = found
  return { ...common, path: program, real: realPath(program), remarks }
}

/** The file of `--claude` is a candidate in any case, so that its problem can be told. */
function named(path: string, search: Search): Candidate {
  const [found] = candidatesAt(path, 'flag', search)
  const problem = 'no such file, or not readable'
  return found ?? { path, real: path, source: 'flag', problem, remarks: [] }
}

/**
 * Relative entries are left out, so that a file in the working directory is never run as the CLI.
 */
function pathFolders({ env, platform }: System): string[] {
  const separator = platform === 'win32' ? ';' : ':'
  const folders = (variable(env, 'PATH', platform) ?? '').split(separator)
  return [...new Set(folders.filter((folder) => isAbsolute(folder)).map(lastingFolder))]
}

/** The executable first, then the launchers of npm and pnpm, which lead to the executable. */
export function fileNames({ env, platform }: System): string[] {
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
