import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { RelatedTests } from './related-tests.ts'
import { describe, faultsOf, type Planted, sample } from './sample.ts'
import { type Outcome, Trial } from './trial.ts'

/**
 * Plants faults in the source, one at a time, and reports those that no unit test notices
 * (docs/mutation.md): `npm run mutate -- --files 'src/**' --sample 120 --seed 1`. Without --files,
 * the files that differ from the branch `--since`.
 */
const { values } = parseArgs({
  options: {
    files: { type: 'string' },
    /** May be given several times: files that are left out. */
    except: { type: 'string', multiple: true, default: [] },
    since: { type: 'string', default: 'main' },
    sample: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '2' },
    /** For one group of test files. A fault that makes them take longer is noticed. */
    'limit-s': { type: 'string', default: '120' },
    /** Prints the sample and plants nothing. */
    list: { type: 'boolean', default: false },
  },
})
const ROOT = join(import.meta.dir, '../..')

function paths(): string[] {
  const found = values.files
    ? [...new Bun.Glob(values.files).scanSync(ROOT)].toSorted()
    : changedFiles()
  const left = values.except.map((pattern) => new Bun.Glob(pattern))
  return found.filter(
    (path) =>
      path.startsWith('src/') && path.endsWith('.ts') && !left.some((glob) => glob.match(path)),
  )
}

function changedFiles(): string[] {
  const git = ['git', 'diff', '--name-only', '--diff-filter=d', values.since]
  return Bun.spawnSync(git, { cwd: ROOT }).stdout.toString().split('\n')
}

const all = await faultsOf(paths())
const chosen = sample(all, Number(values.sample), Number(values.seed))
if (values.list) {
  for (const one of chosen.toSorted((a, b) => a.path.localeCompare(b.path))) {
    console.log(describe(one))
  }
  process.exit()
}

const related = new RelatedTests()
const limitMs = Number(values['limit-s']) * 1_000
const outcomes = new Map<Planted, Outcome>()
const queue = [...chosen]
const trials = Array.from({ length: Number(values.lanes) }, () => new Trial())
const removeAll = () => trials.forEach((trial) => trial.remove())
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    removeAll()
    process.exit(1)
  })
}

async function lane(trial: Trial): Promise<void> {
  for (let next; (next = queue.shift());) {
    const tests = related.of(next.path)
    const outcome = await trial.outcomeOf(next, tests, limitMs)
    outcomes.set(next, outcome)
    if (outcome === 'timed out') console.log(`timed out  ${describe(next)}`)
    if (outcome !== 'passed') continue
    console.log(`${tests.length === 0 ? 'untested ' : 'survived '}  ${describe(next)}`)
  }
}

/** The score of each folder of src. */
function printTable(): void {
  const folders = Map.groupBy(chosen, ({ path }) => dirname(path).split('/').slice(0, 2).join('/'))
  console.log('\n| folder | faults | noticed |\n|---|---|---|')
  for (const [folder, faults] of [...folders].toSorted(([a], [b]) => a.localeCompare(b))) {
    console.log(`| ${folder} | ${faults.length} | ${noticed(faults)} |`)
  }
  const percent = chosen.length === 0 ? 100 : Math.round((100 * noticed(chosen)) / chosen.length)
  console.log(`| all | ${chosen.length} of ${all.length} | ${noticed(chosen)} (${percent} %) |`)
}

const noticed = (faults: readonly Planted[]) =>
  faults.filter((fault) => outcomes.get(fault) !== 'passed').length

try {
  // A test that fails without a fault would seem to notice every fault.
  const [first] = trials
  if (first && (await first.test(related.all(), 10 * limitMs)) !== 'passed') {
    throw new Error('The unit tests fail without a fault as well.')
  }
  await Promise.all(trials.map(lane))
  printTable()
} finally {
  removeAll()
}
