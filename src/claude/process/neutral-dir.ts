import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { userInfo } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { FileAccessError } from '../../errors.ts'
import { type Env, homeDir } from '../../platform/directories.ts'

export type NeutralDir = { cwd: string; temp: string }

/**
 * Makes the empty directory that every worker runs in, and the one for its temporary files.
 *
 * The CLI tells the model its working directory. So the path must not contain a name, as a home
 * directory does, and it is the same for every worker, so that prompt caches hit across workers. It
 * is made before each start, because systems clean their temp directories.
 */
export function neutralDir(base = USUAL_BASE): NeutralDir {
  const dirs = prepare(base)
  if (readdirSync(dirs.cwd).length > 0) {
    throw new FileAccessError(
      `The working directory ${dirs.cwd} must be empty. Remove what is in it.`,
    )
  }
  return dirs
}

export type Base = {
  path: string
  /** Why the directories before it could not be used. */
  passedOver: readonly string[]
  /** Removes the directory that was made for this process alone. */
  dispose(): void
}

/**
 * The first of these directories that can be made and belongs to us. In a shared /tmp another user
 * may have taken the name, or /tmp may be read-only. The last one has a random name, which nobody
 * can take; but it differs at each start, so it comes last.
 */
export function chooseBase(env: Env, bases = usualBases(env)): Base {
  const passedOver: string[] = []
  const tryOut = (make: () => string) => {
    try {
      const base = make()
      prepare(base)
      return base
    } catch (error) {
      passedOver.push(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }
  for (const base of bases) {
    const path = tryOut(() => base)
    if (path !== undefined) return { path, passedOver, dispose() {} }
  }
  for (const base of bases) {
    const path = tryOut(() => mkdtempSync(`${base}-`))
    if (path === undefined) continue
    return { path, passedOver, dispose: () => rmSync(path, { recursive: true, force: true }) }
  }
  throw new FileAccessError(
    `There is no private directory for the CLI to run in: ${passedOver.join('; ')}.`,
  )
}

const NAME = `claude-max-api-${process.getuid?.() ?? 0}`

// Not os.tmpdir(), because TMPDIR often contains the user's name.
const USUAL_BASE =
  process.platform === 'win32' ? 'C:\\ProgramData\\claude-max-api' : join('/tmp', NAME)

/** The directory that all starts have in common, and others for when it is taken. */
function usualBases(env: Env): string[] {
  if (process.platform === 'win32') return [USUAL_BASE]
  const folders = ['/var/tmp', '/dev/shm', env['XDG_RUNTIME_DIR'], env['TMPDIR']]
  const neutral = folders.filter(
    (folder) => folder !== undefined && isAbsolute(folder) && namesNobody(folder, env),
  )
  return [USUAL_BASE, ...neutral.map((folder) => join(String(folder), NAME))]
}

/** Whether a path contains neither the owner's name nor the home directory. */
export function namesNobody(path: string, env: Env): boolean {
  const home = homeDir(env)
  if (`${path}/`.startsWith(`${home}/`)) return false
  const words = path.toLowerCase().split(/[^\p{L}\p{N}]+/u)
  return !words.includes(userInfo().username.toLowerCase())
}

function prepare(base: string): NeutralDir {
  const dirs = { cwd: join(base, 'cwd'), temp: join(base, 'tmp') }
  for (const dir of [base, dirs.cwd, dirs.temp]) ensurePrivate(dir)
  return dirs
}

/** In a shared /tmp another user could have made the directory first, with files in it. */
function ensurePrivate(dir: string): void {
  try {
    mkdirSync(dir, { mode: 0o700 })
  } catch (cause) {
    if (!isTaken(cause))
      throw new FileAccessError(`${dir} cannot be made: ${reasonOf(cause)}`, { cause })
  }
  if (process.platform === 'win32') return
  const stat = lstatSync(dir)
  if (!stat.isDirectory() || stat.uid !== process.getuid?.()) {
    throw new FileAccessError(`${dir} belongs to another user`)
  }
  if ((stat.mode & 0o077) !== 0) chmodSync(dir, 0o700)
}

const isTaken = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === 'EEXIST'

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
