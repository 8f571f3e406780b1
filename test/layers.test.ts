import { describe, expect, test } from 'bun:test'
import { dirname, join, normalize } from 'node:path'

const SRC = join(import.meta.dir, '../src')

/** Who may import whom: the table of the design, and the demo, which stands for nothing of ours. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  conversation: [],
  platform: [],
  claude: ['conversation', 'platform'],
  pool: ['conversation'],
  dialect: ['conversation'],
  openai: ['dialect', 'conversation'],
  anthropic: ['dialect', 'conversation'],
  ledger: ['conversation', 'platform'],
  dashboard: [],
  demo: [],
  server: ['openai', 'anthropic', 'dialect', 'conversation', 'pool', 'ledger', 'dashboard'],
  commands: [
    'server',
    'pool',
    'claude',
    'ledger',
    'demo',
    'platform',
    'conversation',
    'config-file',
    'suggest',
  ],
  index: ['commands'],
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
/** What is bound to the machine we run on. */
const OF_THE_MACHINE = ['config', 'settings', 'log']
const MACHINE_USERS = ['commands', 'server', 'pool', 'claude', 'ledger', 'index']

/** The part of src that a path belongs to: its folder, or the file at the root. */
function partOf(path: string): string {
  const [first = '', ...rest] = path.split('/')
  return rest.length > 0 ? first : first.replace(/\.ts$/, '')
}

/** The paths that a source imports, in any way that TypeScript has. */
function importsOf(source: string): string[] {
  const specifiers = /\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g
  return [...source.matchAll(specifiers)].map(([, specifier = '']) => specifier)
}

/** What is wrong with a file's imports; `path` is below src. */
function breaches(path: string, source: string): string[] {
  const part = partOf(path)
  const allowed = MAY_IMPORT[part]
  if (!allowed) return [`${path} is in no known part of src`]
  return importsOf(source).flatMap((specifier) => {
    const target = normalize(join(dirname(path), specifier))
    if (target.startsWith('..'))
      return target === '../package.json' ? [] : [`${path}: ${specifier}`]
    const other = partOf(target)
    const forAll = part === 'demo' ? [] : EVERYBODY
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
      ['claude/x.ts', "import type { Log } from '../log.ts'"],
      ['commands/x.ts', "import { startDemo } from '../demo/demo.ts'"],
      ['version.ts', "import { version } from '../package.json'"],
    ]
    expect(fine.flatMap(([path, source]) => breaches(path, source))).toEqual([])
  })
})
