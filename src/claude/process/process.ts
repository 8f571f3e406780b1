import { TurnError } from '../../errors.ts'
import { withPrivateFiles } from './private-files.ts'

/** How long a CLI may take to end itself on SIGTERM: it needs 50 to 90 ms. */
const TERM_GRACE_MS = 2_000
/** How long to wait for the last of stderr, which a stray grandchild could hold open for ever. */
const STDERR_GRACE_MS = 500
/** How much of the end of stderr is kept to explain a death. */
const STDERR_TAIL_CHARS = 2_000

export type Exit = { code: number; signal: string | number | null; stderr: string }

export type SpawnOptions = {
  /** Absolute path of the CLI. */
  path: string
  args: readonly string[]
  env: Record<string, string>
  cwd: string
}

export type CliProcess = {
  pid: number
  stdout: ReadableStream<Uint8Array>
  /** Settles once the process is gone and reaped; never rejects. */
  exited: Promise<Exit>
  /** Queues text for stdin. A failed write says nothing: death is what `exited` tells. */
  write(text: string): void
  /** SIGTERM, so that the CLI removes its own files; SIGKILL if that is not enough. */
  end(): Promise<Exit>
  /** SIGKILL, for when the next millisecond counts. */
  kill(): void
}

/** Starts the CLI in a process group of its own, so that Ctrl-C and kill reach what we mean. */
export function spawnCli(options: SpawnOptions): CliProcess {
  const child = spawn(options)
  const stderr = readTail(child.stderr)
  const exited = child.exited.then(async (code) => ({
    code,
    signal: child.signalCode,
    stderr: await Promise.race([stderr, Bun.sleep(STDERR_GRACE_MS).then(() => '')]),
  }))

  const signal = (name: NodeJS.Signals) => {
    // Reaped: its number may be another process's by now.
    if (child.exitCode !== null || child.signalCode !== null) return
    try {
      // The group, not only the leader: the CLI may have started helpers.
      if (process.platform === 'win32') child.kill(name)
      else process.kill(-child.pid, name)
    } catch {
      // ESRCH: already gone, which is what was wanted.
    }
  }

  return {
    pid: child.pid,
    stdout: child.stdout,
    exited,
    write(text) {
      void quietly(() => child.stdin.write(text))
      void quietly(() => child.stdin.flush())
    },
    async end() {
      signal('SIGTERM')
      const timer = setTimeout(() => signal('SIGKILL'), TERM_GRACE_MS)
      return exited.finally(() => clearTimeout(timer))
    },
    kill: () => signal('SIGKILL'),
  }
}

function spawn({ path, args, env, cwd }: SpawnOptions) {
  try {
    return withPrivateFiles(() =>
      Bun.spawn([path, ...args], {
        env,
        cwd,
        stdin: 'pipe',
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

/** A write to a dead child fails with EPIPE, thrown or rejected; unhandled it would end us too. */
async function quietly(write: () => unknown): Promise<void> {
  try {
    await write()
  } catch {
    // `exited` reports the death, with its reason.
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
