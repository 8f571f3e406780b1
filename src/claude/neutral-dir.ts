import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { TurnError } from '../errors.ts'

export type NeutralDir = { cwd: string; temp: string }

/**
 * The empty directory that every worker runs in, and the one for its temporary files.
 *
 * The CLI tells the model its working directory, so the path names nobody (a home or a data
 * directory would), and it is the same for every worker, so that prompt caches hit across them.
 * Made anew before each start, because systems clean their temp directories.
 */
export function neutralDir(base = defaultBase()): NeutralDir {
  const dirs = { cwd: join(base, 'cwd'), temp: join(base, 'tmp') }
  for (const dir of [base, dirs.cwd, dirs.temp]) ensurePrivate(dir)
  if (readdirSync(dirs.cwd).length > 0) {
    throw new TurnError('worker', `The working directory ${dirs.cwd} must be empty. Empty it.`)
  }
  return dirs
}

function defaultBase(): string {
  // Not os.tmpdir(): TMPDIR often carries the user's name.
  if (process.platform === 'win32') return 'C:\\ProgramData\\claude-max-api'
  return `/tmp/claude-max-api-${process.getuid?.() ?? 0}`
}

/** On a shared /tmp somebody else could have made the directory first, with files of theirs. */
function ensurePrivate(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (process.platform === 'win32') return
  const stat = lstatSync(dir)
  if (!stat.isDirectory() || stat.uid !== process.getuid?.()) {
    throw new TurnError('worker', `${dir} exists and belongs to somebody else. Remove it.`)
  }
  if ((stat.mode & 0o077) !== 0) chmodSync(dir, 0o700)
}
