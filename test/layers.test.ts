import { describe, expect, test } from 'bun:test'
import { dirname, join, normalize } from 'node:path'

const SRC = join(import.meta.dir, '../src')

/**
 * Who may import whom: the table of docs/architecture.md, which is the design's, and below it what
 * the design leaves to us: the demo, which stands for nothing of ours, and the files at the root.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  conversation: [],
  platform: [],
  claude: ['conversation', 'platform'],
  pool: ['conversation'],
  dialect: ['conversation'],
  openai: ['dialect', 'conversation'],
  anthropic: ['dialect', 'conversation'],
  ollama: ['dialect', 'conversation'],
  ledger: ['conversation', 'platform'],
  server: ['openai', 'anthropic', 'ollama', 'dialect', 'conversation', 'pool', 'ledger'],
  'self-test': ['claude', 'conversation', 'platform', 'demo'],
  commands: [
    ...['server', 'openai', 'anthropic', 'ollama', 'dialect', 'conversation', 'pool'],
    ...['claude', 'ledger', 'platform', 'demo', 'self-test', 'config-file', 'suggest'],
  ],
  index: ['commands'],
  demo: [],
  config: ['log', 'settings', 'platform', 'suggest'],
  'config-file': ['config', 'platform'],
  suggest: [],
  settings: ['log', 'setting-types'],
  'setting-types': [],
  log: [],
  errors: [],
  version: [],
}
const EVERYBODY = ['errors', 'version']
/** The neutral model and the demo know nothing of ours but themselves. */
const NOTHING_OF_OURS = ['conversation', 'demo']
/** The neutral model needs no package either, nor the platform's. */
const NO_PACKAGE = ['conversation']
/** The parts that depend on the machine. */
const OF_THE_MACHINE = ['config', 'settings', 'log']
const MACHINE_USERS = ['commands', 'server', 'pool', 'claude', 'ledger', 'self-test']

/** The part of src that a path belongs to: its folder, or the file at the root. */
function partOf(path: string): string {
  const [first = '', ...rest] = path.split('/')
  return rest.length > 0 ? first : first.replace(/\.ts$/, '')
}

/** What a source imports, in any way that TypeScript has. */
function importsOf(source: string): string[] {
  const specifiers = /\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g
  return [...source.matchAll(specifiers)].map(([, specifier = '']) => specifier)
}

/** What is wrong with a file's imports; `path` is below src. */
function breaches(path: string, source: string): string[] {
  const part = partOf(path)
  const allowed = MAY_IMPORT[part]
  if (!allowed) return [`${path} is in no known part of src`]
  return importsOf(source).flatMap((specifier) => {
    if (!specifier.startsWith('.')) {
      return NO_PACKAGE.includes(part) ? [`${path} imports ${specifier}`] : []
    }
    const target = normalize(join(dirname(path), specifier))
    if (target.startsWith('..'))
      return target === '../package.json' ? [] : [`${path}: ${specifier}`]
    const other = partOf(target)
    const forAll = NOTHING_OF_OURS.includes(part) ? [] : EVERYBODY
    const fine =
      other === part ||
      forAll.includes(other) ||
      allowed.includes(other) ||
      (OF_THE_MACHINE.includes(other) && MACHINE_USERS.includes(part))
    return fine ? [] : [`${path} imports ${target}`]
  })
}

describe('the layers', () => {
  test('nobody imports whom it must not', async () => {
    const paths = [...new Bun.Glob('**/*.ts').scanSync(SRC)].toSorted()
    expect(paths.length).toBeGreaterThan(30)
    const sources = await Promise.all(
      paths.map(async (path) => breaches(path, await Bun.file(join(SRC, path)).text())),
    )
    expect(sources.flat()).toEqual([])
  })

  test('a breach would be found, however it is written', () => {
    const planted: [string, string][] = [
      ['openai/x.ts', "import { Pool } from '../pool/pool.ts'"],
      ['openai/x.ts', "import type { Pool } from '../pool/pool.ts'"],
      ['openai/x.ts', "import {\n  Pool,\n} from '../pool/pool.ts'"],
      ['openai/x.ts', "export { Pool } from '../pool/pool.ts'"],
      ['openai/x.ts', "export * from '../pool/pool.ts'"],
      ['openai/x.ts', "import '../pool/pool.ts'"],
      ['openai/x.ts', "await import('../pool/pool.ts')"],
      ['openai/x.ts', "import { isLoopback } from '../config.ts'"],
      ['openai/x.ts', "import { x } from '../anthropic/x.ts'"],
      ['dialect/x.ts', "import { x } from '../openai/x.ts'"],
      ['conversation/x.ts', "import { x } from '../openai/x.ts'"],
      ['conversation/x.ts', "import { TurnError } from '../errors.ts'"],
      ['conversation/x.ts', "import { z } from 'zod'"],
      ['conversation/x.ts', "import { join } from 'node:path'"],
      ['claude/x.ts', "import { Pool } from '../pool/pool.ts'"],
      ['claude/x.ts', "import { startDemo } from '../demo/demo.ts'"],
      ['pool/x.ts', "import { x } from '../server/x.ts'"],
      ['server/routes/x.ts', "import { Worker } from '../../claude/worker.ts'"],
      ['demo/x.ts', "import { Worker } from '../claude/worker.ts'"],
      ['index.ts', "import { Pool } from './pool/pool.ts'"],
      ['errors.ts', "import { x } from './log.ts'"],
      ['server/x.ts', "import { x } from '../../test/support/server.ts'"],
      ['utils/x.ts', ''],
    ]
    const missed = planted.filter(([path, source]) => breaches(path, source).length === 0)
    expect(missed).toEqual([])
  })

  test('what is allowed is not taken for a breach', () => {
    const fine: [string, string][] = [
      ['openai/x.ts', "import { z } from 'zod'\nimport { TurnError } from '../errors.ts'"],
      ['server/routes/x.ts', "import type { Answer } from '../../pool/pool.ts'"],
      ['server/routes/x.ts', "import { streamAnswer } from '../stream-answer.ts'"],
      ['conversation/x.ts', "import type { Usage } from './types.ts'"],
      ['claude/x.ts', "import type { Log } from '../log.ts'"],
      ['commands/x.ts', "import { startDemo } from '../demo/demo.ts'"],
      ['version.ts', "import { version } from '../package.json'"],
    ]
    expect(fine.flatMap(([path, source]) => breaches(path, source))).toEqual([])
  })
})

test('one place starts the CLI, and one the guard of what was started', async () => {
  const paths = [...new Bun.Glob('**/*.ts').scanSync(SRC)]
  const sources = await Promise.all(
    paths.map(async (path) => ({ path, source: await Bun.file(join(SRC, path)).text() })),
  )
  const spawning = sources.filter(({ source }) => /Bun\.spawn|child_process|Bun\.\$/.test(source))
  expect(spawning.map(({ path }) => path).toSorted()).toEqual([
    'claude/process/guard.ts',
    'claude/process/process.ts',
  ])
})
