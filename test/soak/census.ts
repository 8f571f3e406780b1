import { readdirSync, readFileSync, readlinkSync, watch } from 'node:fs'
import { basename, join } from 'node:path'
import { allProcesses } from '../support/servers/processes.ts'

/** TCP states of proc(5) in which nobody holds the connection any more: TIME_WAIT, CLOSE, LISTEN. */
const NOT_OPEN = new Set(['06', '07', '0A'])

/** Memory of a process in MB. */
export function rssMbOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024
}

export function openFilesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** TCP connections of a process that are open at either end; what it listens on does not count. */
export function connectionsOf(pid: number): number {
  const own = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`)))
  return tcpRows().filter(({ state, inode }) => {
    return !NOT_OPEN.has(state) && own.has(`socket:[${inode}]`)
  }).length
}

/** Open connections to a port, whoever has them. */
export function connectionsTo(port: number): number {
  return tcpRows().filter((row) => row.remotePort === port && !NOT_OPEN.has(row.state)).length
}

/** Living processes that were started with this home: the server's workers and nobody else's. */
export function processesWithHome(home: string): number[] {
  return allProcesses().flatMap(({ pid, environ }) =>
    environ.split('\0').includes(`HOME=${home}`) ? [pid] : [],
  )
}

/** Every file below a directory, as a path from there. */
export function filesIn(dir: string): string[] {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
}

/** Notes the process of every file that appears in the CLI's directory of sessions. */
export function watchSessions(dir: string) {
  const pids = new Set<string>()
  const watcher = watch(dir, (_, name) => {
    const pid = /^(\d+)\./.exec(name ?? '')?.[1]
    if (pid !== undefined) pids.add(pid)
  })
  return { pids, close: () => watcher.close() }
}

/** Sockets that those processes have left in the directory for temporary files. */
export function socketsOf(pids: ReadonlySet<string>, temp: string): string[] {
  try {
    return readdirSync(join(temp, 'cc-socks')).filter((name) => pids.has(basename(name, '.sock')))
  } catch {
    return [] // No worker has made the directory yet.
  }
}

type TcpRow = { remotePort: number; state: string; inode: string }

function tcpRows(): TcpRow[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => {
        const [, , remote = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/)
        return { remotePort: Number.parseInt(remote.split(':')[1] ?? '0', 16), state, inode }
      }),
  )
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // Closed between the listing and the reading.
  }
}
