import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { planted } from './faults.ts'
import type { Planted } from './sample.ts'

const ROOT = join(import.meta.dir, '../..')
/** A fault may well make a test wait for ever. */
const TEST_MS = 15_000

export type Outcome = 'passed' | 'failed' | 'does not compile' | 'timed out'

/** A copy of the tree in which one fault at a time is planted: the tree itself is never written to. */
export class Trial {
  readonly #root = mkdtempSync(join(tmpdir(), 'claude-max-api-mutation-'))
  #running: Bun.Subprocess | undefined

  constructor() {
    for (const path of sourceFiles()) cpSync(join(ROOT, path), join(this.#root, path))
    symlinkSync(join(ROOT, 'node_modules'), join(this.#root, 'node_modules'))
    const onlySources = { extends: './tsconfig.json', include: ['src'] }
    writeFileSync(join(this.#root, 'tsconfig.src.json'), JSON.stringify(onlySources))
  }

  /** What the groups of tests, one after another, and then the type checker say of a fault. */
  async outcomeOf(
    { path, source, fault }: Planted,
    groups: readonly string[][],
    limitMs: number,
  ): Promise<Outcome> {
    await Bun.write(join(this.#root, path), planted(source, fault))
    try {
      for (const tests of groups) {
        const outcome = await this.test(tests, limitMs)
        if (outcome !== 'passed') return outcome
      }
      const types = await this.#run(['node_modules/.bin/tsc', '-p', 'tsconfig.src.json'], limitMs)
      return types === 'failed' ? 'does not compile' : types
    } finally {
      await Bun.write(join(this.#root, path), source)
    }
  }

  /** Runs test files on the tree as it is now. */
  test(tests: readonly string[], limitMs: number): Promise<Outcome> {
    const paths = tests.map((test) => `./${test}`)
    const command = [process.execPath, 'test', '--bail=1', `--timeout=${TEST_MS}`, ...paths]
    return this.#run(command, limitMs)
  }

  async #run(command: string[], limitMs: number): Promise<Outcome> {
    const running = Bun.spawn(command, {
      cwd: this.#root,
      stdio: ['ignore', 'ignore', 'ignore'],
      // A group of its own, so that what a test started ends with it.
      detached: true,
    })
    this.#running = running
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      this.#kill()
    }, limitMs)
    const code = await running.exited
    clearTimeout(timer)
    this.#kill()
    this.#running = undefined
    if (timedOut) return 'timed out'
    return code === 0 ? 'passed' : 'failed'
  }

  remove(): void {
    this.#kill()
    rmSync(this.#root, { recursive: true, force: true })
  }

  /** The test run and whatever it left behind. */
  #kill(): void {
    if (!this.#running) return
    try {
      process.kill(-this.#running.pid, 'SIGKILL')
    } catch {
      // The group has ended already.
    }
  }
}

/** The files of the tree that are in git, or will be. */
function sourceFiles(): string[] {
  const git = ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const paths = Bun.spawnSync(git, { cwd: ROOT }).stdout.toString().split('\0')
  // One that was removed is listed until that is committed.
  return paths.filter((path) => path !== '' && existsSync(join(ROOT, path)))
}
