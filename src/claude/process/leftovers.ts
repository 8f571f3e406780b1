import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir, homeDir } from '../../platform/directories.ts'
import { sweepUnclaimed } from './claim.ts'
import { sessionDir } from '../history/session-file.ts'

/** What a worker may leave behind, and where. */
export type Places = { env: Readonly<Record<string, string | undefined>>; temp: string }

/** Where the CLI keeps its files. */
export function configDir(env: Places['env']): string {
  return env['CLAUDE_CONFIG_DIR'] || join(homeDir(env), '.claude')
}

/**
 * Removes the files of a worker that could not do it itself: a killed CLI leaves its socket and
 * its entry among the sessions. Only files named after that very process.
 */
export function removeLeftovers(pid: number, { env, temp }: Places): void {
  const named = new RegExp(`^${pid}\\.`)
  for (const dir of [join(configDir(env), 'sessions'), join(temp, 'cc-socks')]) {
    for (const name of list(dir)) if (named.test(name)) rmSync(join(dir, name), { force: true })
  }
}

/** Removes the sockets of workers, and the histories of proxies, that are gone: of a killed proxy. */
export function sweepTemp(temp: string): void {
  const sockets = join(temp, 'cc-socks')
  for (const name of list(sockets)) {
    const pid = Number.parseInt(name, 10)
    if (Number.isNaN(pid) || isAlive(pid)) continue
    rmSync(join(sockets, name), { force: true })
  }
  sweepUnclaimed(sessionDir(temp))
  sweepProbes(temp)
}

/** A boot takes seconds at most; whatever is older is of no use to anybody. */
const PROBE_MS = 5 * 60_000

/** Removes the directories in which workers tried, at their boot, how to watch files: one for each. */
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
 * Removes what the CLI notes of the tools that workers called: a file for each worker, which
 * nothing else removes. Only those of the workers' own directory.
 */
export function sweepToolLogs(cwd: string, { env }: Pick<Places, 'env'>): void {
  const cache = cacheDir(env)
  if (cache === undefined) return
  // The CLI's name for a directory: whatever is not a letter or a digit becomes a dash.
  const dir = join(cache, 'claude-cli-nodejs', cwd.replace(/[^a-zA-Z0-9]/g, '-'))
  rmSync(dir, { recursive: true, force: true })
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    // No such directory: nothing was left in it.
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: somebody else's, and alive.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
