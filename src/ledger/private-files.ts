import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { PlaceError } from '../errors.ts'

/** What SQLite keeps beside a database; each may hold what the database holds. */
const BESIDE = ['-wal', '-shm', '-journal']

/**
 * Makes the file of a database, or closes the one that is there to everybody else, with what lies
 * beside it. One that belongs to another user is refused: its owner could read what we write.
 */
export function makePrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // SQLite gives the files that it makes beside it the same mode.
  closeToOthers(path)
  for (const suffix of BESIDE) if (existsSync(path + suffix)) closeToOthers(path + suffix)
}

function closeToOthers(path: string): void {
  const file = open(path)
  try {
    if (process.platform === 'win32') return
    const stat = fstatSync(file)
    if (!stat.isFile() || stat.uid !== process.getuid?.()) {
      throw new PlaceError(
        `${path} belongs to somebody else. Remove it, or choose another --data-dir.`,
      )
    }
    fchmodSync(file, 0o600)
  } finally {
    closeSync(file)
  }
}

function open(path: string): number {
  // A link would have us change a file elsewhere.
  const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW } = constants
  try {
    return openSync(path, O_RDWR | O_APPEND | O_CREAT | (O_NOFOLLOW ?? 0), 0o600)
  } catch (cause) {
    throw new PlaceError(`${path} cannot be opened, or is a link.`, { cause })
  }
}
