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
import { FileAccessError } from '../errors.ts'

/** Files that SQLite makes beside a database; they may hold the same data. */
const BESIDE = ['-wal', '-shm', '-journal']

/**
 * Creates a database file that only its owner can read, or restricts an existing one and the files
 * beside it. A file of another user is refused, because that user could read what is written.
 */
export function makePrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // SQLite gives new files beside the database the same mode.
  closeToOthers(path)
  for (const suffix of BESIDE) if (existsSync(path + suffix)) closeToOthers(path + suffix)
}

function closeToOthers(path: string): void {
  const file = open(path)
  try {
    if (process.platform === 'win32') return
    const stat = fstatSync(file)
    if (!stat.isFile() || stat.uid !== process.getuid?.()) {
      throw new FileAccessError(
        `${path} belongs to another user. Remove it, or choose another --data-dir.`,
      )
    }
    fchmodSync(file, 0o600)
  } finally {
    closeSync(file)
  }
}

function open(path: string): number {
  // Links are refused, because they could lead to any other file.
  const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW } = constants
  try {
    return openSync(path, O_RDWR | O_APPEND | O_CREAT | (O_NOFOLLOW ?? 0), 0o600)
  } catch (cause) {
    throw new FileAccessError(
      `${path} cannot be opened, or is a link. Remove it, or choose another --data-dir.`,
      { cause },
    )
  }
}
