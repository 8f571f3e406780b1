import type { Log } from '../../log.ts'

/**
 * Reads `+ pid` and `- pid`; at the end of its input it ends the process groups that are left,
 * politely first, so that the CLI removes its own files. The pipe ends when the proxy does, however
 * it does, and `kill -9` of the proxy runs no code of ours. POSIX sh alone; it must outlive the
 * signals that end the proxy.
 */
const SCRIPT = `
trap '' INT TERM HUP
left=' '
while read -r what pid; do
  case $what in
    +) left="$left$pid " ;;
    -) left="\${left%% "$pid" *} \${left#* "$pid" }" ;;
  esac
done
for pid in $left; do kill -TERM "-$pid" 2>/dev/null; done
[ "$left" = ' ' ] || sleep 1
for pid in $left; do kill -KILL "-$pid" 2>/dev/null; done
`

/** A guard that keeps dying is of no use; something on this machine does not want it. */
const MAX_RESTARTS = 5

/** Sees to it that no worker outlives the proxy. */
export type Guard = {
  add(pid: number): void
  remove(pid: number): void
  /** Lets the guard go; call when the workers are gone. */
  close(): Promise<void>
}

/** Starts the guard; without a POSIX shell there is none, and workers end with their stdin. */
export function startGuard(log: Log): Guard {
  const pids = new Set<number>()
  let restarts = 0
  let closed = false
  let shell = start()

  function start() {
    if (process.platform === 'win32') return undefined
    try {
      const child = Bun.spawn(['/bin/sh', '-c', SCRIPT], {
        stdin: 'pipe',
        stdout: 'ignore',
        stderr: 'ignore',
        env: { PATH: '/usr/bin:/bin' },
        // Not in our process group: Ctrl-C goes to all of that.
        detached: true,
      })
      void child.exited.then(restart)
      return child
    } catch (error) {
      log.warn('No guard: a killed proxy may leave workers behind.', { error })
      return undefined
    }
  }

  function restart() {
    if (closed || restarts++ >= MAX_RESTARTS) return
    shell = start()
    for (const pid of pids) tell('+', pid)
  }

  function tell(what: '+' | '-', pid: number) {
    try {
      void shell?.stdin.write(`${what} ${pid}\n`)
      void Promise.resolve(shell?.stdin.flush()).catch(() => {})
    } catch {
      // A dead guard; `restart` tells its successor everything.
    }
  }

  return {
    add(pid) {
      pids.add(pid)
      tell('+', pid)
    },
    remove(pid) {
      pids.delete(pid)
      tell('-', pid)
    },
    async close() {
      closed = true
      await shell?.stdin.end()
      await shell?.exited
    },
  }
}
