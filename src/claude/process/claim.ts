/**
 * Files that belong to a process, marked by a lock file. The system releases the lock when the
 * process ends, however it ends. A process id would not do, because in a container the next server
 * has the same one.
 */
import { Database } from 'bun:sqlite'
import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const CLAIM = '.claim'

/** This process's prefix for each folder, with the lock that protects it. */
const held = new Map<string, { name: string; lock: Database | undefined }>()

/** The prefix, before a dot, of the names of this process's files in the folder. */
export function claimIn(folder: string): string {
  const before = held.get(folder)
  if (before && existsSync(join(folder, before.name + CLAIM))) return before.name
  before?.lock?.close()
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const name = randomUUID()
  const path = join(folder, name + CLAIM)
  closeSync(openSync(path, 'wx', 0o600))
  const lock = tryLock(path)
  held.set(folder, { name, lock })
  // Another process removed the file before it was locked: try again.
  return existsSync(path) ? name : claimIn(folder)
}

/** Removes the files of processes that have ended. */
export function sweepUnclaimed(folder: string): void {
  const files = Map.groupBy(list(folder), (file) => file.split('.', 1)[0] ?? '')
  for (const [name, names] of files) {
    const claim = name + CLAIM
    const lock = names.includes(claim) ? tryLock(join(folder, claim)) : undefined
    if (names.includes(claim) && !lock) continue
    for (const file of names) rmSync(join(folder, file), { force: true })
    lock?.close()
  }
}

/** The lock, or undefined if another process holds it. */
function tryLock(path: string): Database | undefined {
  let database: Database | undefined
  try {
    database = new Database(path)
    // Nothing is ever written, so the journal needs no file.
    database.run('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return database
  } catch {
    database?.close()
    return undefined
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // The directory does not exist, so nothing was left in it.
    return []
  }
}
