import { dirname } from 'node:path'
import { TurnError } from '../../errors.ts'
import { withPrivateFiles } from '../process/private-files.ts'

/** Far more than any answer that is expected; another program might print without end. */
const MAX_OUTPUT_CHARS = 65_536

export type Command = {
  path: string
  args: readonly string[]
  env: NodeJS.ProcessEnv
  timeoutMs: number
}

export type Output = { code: number | null; stdout: string; stderr: string }

/**
 * Runs the CLI until it exits and returns its short output. After a timeout it is killed, and the
 * call fails.
 */
export async function runOnce(command: Command): Promise<Output> {
  const child = spawn(command)
  const kill = () => {
    try {
      // The whole process group, because a wrapper script would leave its child behind.
      if (process.platform === 'win32') child.kill('SIGKILL')
      else process.kill(-child.pid, 'SIGKILL')
    } catch {
      // ESRCH: the process is already gone.
    }
  }
  const { promise: timeout, reject } = Promise.withResolvers<never>()
  const expire = () => reject(new TurnError('timeout', timeoutMessage(command)))
  const timer = setTimeout(expire, command.timeoutMs)

  try {
    const output = Promise.all([child.exited, readHead(child.stdout), readHead(child.stderr)])
    const [, stdout, stderr] = await Promise.race([output, timeout])
    return { code: child.exitCode, stdout, stderr }
  } catch (error) {
    kill()
    await child.exited
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function spawn({ path, args, env }: Command) {
  try {
    return withPrivateFiles(() =>
      Bun.spawn([path, ...args], {
        env,
        // The CLI reads project settings from its working directory, so this is the executable's
        // own folder, which is trusted anyway.
        cwd: dirname(path),
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
        detached: process.platform !== 'win32',
        windowsHide: true,
      }),
    )
  } catch (cause) {
    throw new TurnError('cli_missing', `The claude CLI at ${path} could not be started.`, { cause })
  }
}

function timeoutMessage({ path, args, timeoutMs }: Command): string {
  return `${[path, ...args].join(' ')} gave no answer within ${timeoutMs / 1000} s.`
}

/** Leaving the loop cancels the stream, so that a program that prints without end gets EPIPE. */
async function readHead(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let head = ''
  for await (const chunk of stream) {
    head += decoder.decode(chunk, { stream: true })
    if (head.length > MAX_OUTPUT_CHARS) return head.slice(0, MAX_OUTPUT_CHARS)
  }
  return head
}
