import type { Log } from '../../log.ts'

/**
 * The guard's script. It reads `+ pid` and `- pid`. At the end of its input it ends the process
 * groups that are left, first with SIGTERM, so that the CLI can remove its files. The pipe ends
 * when the server does, also after `kill -9`, which lets no code of the server run. The script is
 * plain POSIX sh, and ignores the signals that end the server.
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

/** After so many restarts the guard is given up: something on this machine keeps ending it. */
const MAX_RESTARTS = 5

/** A process that ends the workers if the server dies. */
export type Guard = {
  add(pid: number): void
  remove(pid: number): void
  /** Ends the guard; call it when the workers are gone. */
  close(): Promise<void>
}

/**
 * Starts the guard. Without a POSIX shell there is none; workers then end when their stdin closes.
 */
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
        // In a process group of its own, because Ctrl-C goes to the whole group of the server.
        detached: true,
      })
      void child.exited.then(restart)
      return child
    } catch (error) {
      log.warn(
        'The guard process could not be started. If this server is killed, claude processes may be left behind.',
        { error },
      )
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
      // The guard has died; `restart` tells the next one about all workers.
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
