import { dirname } from 'node:path'
import { TurnError } from '../../errors.ts'
import { cliEnvironment } from '../process/cli-environment.ts'
import { spawnCli } from '../process/process.ts'

/** Far more than any answer that is expected; another program might print without end. */
const MAX_OUTPUT_CHARS = 65_536

export type Command = {
  path: string
  args: readonly string[]
  env: NodeJS.ProcessEnv
  timeoutMs: number
}

export type Output = { code: number; stdout: string; stderr: string }

/**
 * Runs the CLI until it exits and returns its short output. After a timeout it is killed, and the
 * call fails.
 */
export async function runOnce(command: Command): Promise<Output> {
  const { path, args, env } = command
  const child = spawnCli({
    path,
    args,
    env: cliEnvironment(env),
    // The CLI reads project settings from its working directory, so this is the executable's own
    // folder, which is trusted anyway.
    cwd: dirname(path),
    stdin: 'ignore',
  })
  const { promise: timeout, reject } = Promise.withResolvers<never>()
  const expire = () => reject(new TurnError('timeout', timeoutMessage(command)))
  const timer = setTimeout(expire, command.timeoutMs)

  try {
    const output = Promise.all([child.exited, readHead(child.stdout)])
    const [{ code, stderr }, stdout] = await Promise.race([output, timeout])
    return { code, stdout, stderr }
  } catch (error) {
    child.kill()
    await child.exited
    throw error
  } finally {
    clearTimeout(timer)
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
