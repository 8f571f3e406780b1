import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir, homeDir } from '../../platform/directories.ts'

/** Where a worker may leave files behind. */
export type Places = { env: Readonly<Record<string, string | undefined>>; temp: string }

/** The CLI's configuration directory. */
function configDir(env: Places['env']): string {
  return env['CLAUDE_CONFIG_DIR'] || join(homeDir(env), '.claude')
}

/**
 * Removes the socket and the session entry of a CLI that was killed and could not do it itself.
 * Only files with the name of that process are removed.
 */
export function removeLeftovers(pid: number, { env, temp }: Places): void {
  const named = new RegExp(`^${pid}\\.`)
  for (const dir of [join(configDir(env), 'sessions'), join(temp, 'cc-socks')]) {
    for (const name of list(dir)) if (named.test(name)) rmSync(join(dir, name), { force: true })
  }
}

/** Removes what a killed server left: the sockets of its workers. */
export function sweepTemp(temp: string): void {
  const sockets = join(temp, 'cc-socks')
  for (const name of list(sockets)) {
    const pid = Number.parseInt(name, 10)
    if (Number.isNaN(pid) || isAlive(pid)) continue
    rmSync(join(sockets, name), { force: true })
  }
  sweepProbes(temp)
}

/** A start takes seconds; older directories are not in use. */
const PROBE_MS = 5 * 60_000

/** Removes the directories in which workers tested, at their start, how to watch files. */
export function sweepProbes(temp: string, now = Date.now()): void {
  for (const owner of list(temp).filter((name) => /^claude-\w+$/.test(name))) {
    for (const name of list(join(temp, owner))) {
      const path = join(temp, owner, name)
      if (!name.startsWith('fswatch-probe-')) continue
      const stat = statSync(path, { throwIfNoEntry: false })
      if (stat && now - stat.mtimeMs > PROBE_MS) rmSync(path, { recursive: true, force: true })
    }
  }
}

/**
 * Removes the CLI's log files of tool calls, one per worker. Only those of the workers' own
 * directory.
 */
export function sweepToolLogs(cwd: string, { env }: Pick<Places, 'env'>): void {
  const cache = cacheDir(env)
  if (cache === undefined) return
  // The CLI's name for a directory: characters other than letters and digits become dashes.
  const dir = join(cache, 'claude-cli-nodejs', cwd.replace(/[^a-zA-Z0-9]/g, '-'))
  rmSync(dir, { recursive: true, force: true })
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    // The directory does not exist, so nothing was left in it.
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
