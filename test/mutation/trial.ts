import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../..')
/** The tests that boot no CLI: a fault in pure logic has to be seen by them. */
const UNIT_TESTS = [
  ...['anthropic', 'claude', 'conversation', 'dialect', 'ledger', 'openai', 'pool', 'server'],
  ...['config.test.ts', 'data-dir.test.ts'],
].map((name) => `./test/${name}`)
/** A fault may well make a test wait for ever. */
const TRIAL_MS = 60_000

/** A copy of the tree in which one fault at a time is planted. */
export class Trial {
  readonly #root = mkdtempSync(join(tmpdir(), 'claude-max-api-mutation-'))

  constructor() {
    for (const name of ['src', 'test', 'docs', 'package.json', 'tsconfig.json', 'README.md']) {
      cpSync(join(ROOT, name), join(this.#root, name), { recursive: true })
    }
    symlinkSync(join(ROOT, 'node_modules'), join(this.#root, 'node_modules'))
  }

  /** Whether the unit tests pass with `source` in place of what the file holds. */
  async survives(path: string, source: string): Promise<boolean> {
    const original = await Bun.file(join(ROOT, path)).text()
    await Bun.write(join(this.#root, path), source)
    try {
      return await this.passes()
    } finally {
      await Bun.write(join(this.#root, path), original)
    }
  }

  /** Whether the unit tests pass as the tree is now. */
  async passes(): Promise<boolean> {
    const tests = Bun.spawn(
      [process.execPath, 'test', '--bail=1', '--timeout=15000', ...UNIT_TESTS],
      {
        cwd: this.#root,
        stdio: ['ignore', 'ignore', 'ignore'],
        timeout: TRIAL_MS,
        killSignal: 'SIGKILL',
      },
    )
    return (await tests.exited) === 0
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true })
  }
}
