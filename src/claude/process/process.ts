import { TurnError } from '../../errors.ts'
import type { Guard } from './guard.ts'
import { withPrivateFiles } from './private-files.ts'

/** How long a CLI may take to exit after SIGTERM; it needs 50 to 90 ms. */
const TERM_GRACE_MS = 2_000
/** How long to wait for the end of stderr, which a child of the CLI could hold open for ever. */
const STDERR_GRACE_MS = 500
/** How much of the end of stderr is kept, to explain an exit. */
const STDERR_TAIL_CHARS = 2_000

export type Exit = { code: number; signal: string | number | null; stderr: string }

export type SpawnOptions = {
  /** Absolute path of the CLI. */
  path: string
  args: readonly string[]
  env: Record<string, string>
  cwd: string
  /** Ends the process when the server was killed. A process that ends by itself needs none. */
  guard?: Guard
  /** Nothing can be written to a process that ignores its stdin. */
  stdin?: 'pipe' | 'ignore'
}

export type CliProcess = {
  pid: number
  stdout: ReadableStream<Uint8Array>
  /** Settles once the process is gone and reaped; never rejects. */
  exited: Promise<Exit>
  /**
   * Queues text for stdin. A failed write is not reported; `exited` tells when the process is gone.
   */
  write(text: string): void
  /**
   * Sends SIGTERM, so that the CLI removes its own files, and SIGKILL if it does not exit in time.
   */
  end(): Promise<Exit>
  /** Sends SIGKILL at once. */
  kill(): void
}

/**
 * Starts the CLI, as a worker or for one short answer, in a process group of its own, so that
 * signals reach the CLI and its children, and Ctrl-C does not.
 */
export function spawnCli(options: SpawnOptions): CliProcess {
  const child = spawn(options)
  options.guard?.add(child.pid)
  const stderr = readTail(child.stderr)
  const exited = child.exited.then(async (code) => {
    options.guard?.remove(child.pid)
    const tail = await Promise.race([stderr, Bun.sleep(STDERR_GRACE_MS).then(() => '')])
    return { code, signal: child.signalCode, stderr: tail }
  })

  const signal = (name: NodeJS.Signals) => {
    // Already reaped: the process id may belong to another process by now.
    if (child.exitCode !== null || child.signalCode !== null) return
    try {
      // The whole group, because the CLI may have started children.
      if (process.platform === 'win32') child.kill(name)
      else process.kill(-child.pid, name)
    } catch {
      // ESRCH: the process is already gone.
    }
  }

  return {
    pid: child.pid,
    stdout: child.stdout,
    exited,
    write(text) {
      void quietly(() => child.stdin?.write(text))
      void quietly(() => child.stdin?.flush())
    },
    async end() {
      signal('SIGTERM')
      const timer = setTimeout(() => signal('SIGKILL'), TERM_GRACE_MS)
      return exited.finally(() => clearTimeout(timer))
    },
    kill: () => signal('SIGKILL'),
  }
}

function spawn({ path, args, env, cwd, stdin = 'pipe' }: SpawnOptions) {
  try {
    return withPrivateFiles(() =>
      Bun.spawn([path, ...args], {
        env,
        cwd,
        stdin,
        stdout: 'pipe',
        stderr: 'pipe',
        detached: process.platform !== 'win32',
        windowsHide: true,
      }),
    )
  } catch (error) {
    throw new TurnError('cli_missing', `The claude CLI at ${path} could not be started.`, {
      cause: error,
    })
  }
}

/**
 * A write to a process that has ended throws or rejects with EPIPE, which would end this server if
 * it were not handled.
 */
async function quietly(write: () => unknown): Promise<void> {
  try {
    await write()
  } catch {
    // `exited` reports why the process is gone.
  }
}

async function readTail(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let tail = ''
  for await (const chunk of stream) {
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-STDERR_TAIL_CHARS)
  }
  return tail.trim()
}
