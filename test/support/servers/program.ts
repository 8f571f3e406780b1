import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLAUDE } from './server.ts'
import { within } from '../waiting.ts'

const ENTRY = join(import.meta.dir, '../../../src/index.ts')
const START_MS = 30_000
export const EXIT_MS = 15_000

type Env = Record<string, string>

/** The program as a person starts it: a process of its own, in a home that is nobody's. */
export class Programs {
  readonly home = mkdtempSync(join(tmpdir(), 'claude-max-api-home-'))
  /**
   * An environment without login, key and CLI on PATH, and with a model API that does not exist.
   */
  readonly env: Env = {
    PATH: '/usr/bin:/bin',
    HOME: this.home,
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    CLAUDE_MAX_API_SKIP_SELF_TEST: '1',
  }
  readonly #started: Bun.Subprocess[] = []

  start(args: readonly string[], env: Env = {}) {
    const child = Bun.spawn([process.execPath, 'run', ENTRY, ...args], {
      env: { ...this.env, ...env },
      cwd: this.home,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const out = collectText(child.stdout)
    const err = collectText(child.stderr)
    this.#started.push(child)
    return { child, out, err }
  }

  /** Runs it to its end. */
  async run(args: readonly string[], env: Env = {}) {
    const { child, out, err } = this.start(args, env)
    const code = await within(child.exited, EXIT_MS, `the exit of ${args.join(' ')}`)
    await Promise.all([out.ended, err.ended])
    return { code, out: out.text(), err: err.text() }
  }

  /** Runs it until its banner is there; `url` is what the banner names as its address. */
  async serve(args: readonly string[], env: Env = {}) {
    const port = args.includes('--listen') ? [] : ['--port', '0']
    const program = this.start([...port, '--claude', CLAUDE, ...args], env)
    const ready = program.out.saw('Try it:').then(() => program.out.saw('curl'))
    const ended = program.child.exited.then((code) => {
      throw new Error(`It ended with ${code}: ${program.err.text()}`)
    })
    ended.catch(() => {})
    await within(Promise.race([ready, ended]), START_MS, 'the banner')
    const banner = program.out.text()
    return { ...program, url: /address +(\S+)/.exec(banner)?.[1] ?? 'no address', banner }
  }

  /** Ends all that still run. */
  async end(): Promise<void> {
    for (const child of this.#started.splice(0)) {
      child.kill('SIGKILL')
      await child.exited
    }
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** Reads without end, so that the program never waits; `saw` resolves when the text is there. */
function collectText(stream: ReadableStream<Uint8Array>) {
  let text = ''
  const watchers = new Set<() => void>()
  const ended = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true })
      for (const watcher of watchers) watcher()
    }
  })()
  const saw = (part: string) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = () => text.includes(part) && resolve()
    watchers.add(look)
    look()
    return promise.finally(() => watchers.delete(look))
  }
  return { saw, ended, text: () => text }
}
