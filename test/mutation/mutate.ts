import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Random } from '../soak/random.ts'
import { type Fault, faultsIn, planted } from './faults.ts'
import { Trial } from './trial.ts'

/**
 * Plants faults in the source, one at a time, and reports those that no unit test notices:
 * `npm run mutate -- --files 'src/pool/*.ts' --count 119 --seed 1`. Without --files, the files
 * that differ from the branch `--since`.
 */
const { values } = parseArgs({
  options: {
    files: { type: 'string' },
    since: { type: 'string', default: 'main' },
    count: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '2' },
  },
})
const ROOT = join(import.meta.dir, '../..')

type Planted = { path: string; source: string; fault: Fault }

async function candidates(): Promise<Planted[]> {
  const sources = await Promise.all(
    paths().map(async (path) => ({ path, source: await Bun.file(join(ROOT, path)).text() })),
  )
  return sources.flatMap(({ path, source }) =>
    faultsIn(source).map((fault) => ({ path, source, fault })),
  )
}

function paths(): string[] {
  if (values.files) return [...new Bun.Glob(values.files).scanSync(ROOT)].toSorted()
  const git = Bun.spawnSync(['git', 'diff', '--name-only', '--diff-filter=d', values.since], {
    cwd: ROOT,
  })
  const changed = git.stdout.toString().split('\n')
  return changed.filter((path) => path.startsWith('src/') && path.endsWith('.ts'))
}

function sample(all: Planted[], count: number, random: Random): Planted[] {
  const left = [...all]
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const [one] = left.splice(random.int(0, left.length - 1), 1)
    if (!one) throw new Error('There is nothing left to choose from.')
    return one
  })
}

const describe = ({ path, source, fault }: Planted) => {
  const line = source.slice(0, fault.start).split('\n').length
  const code = source.slice(fault.start, fault.end).replaceAll(/\s+/g, ' ')
  return `${path}:${line}  ${fault.kind}: ${code.slice(0, 80)}`
}

const chosen = sample(await candidates(), Number(values.count), new Random(Number(values.seed)))
const survivors: Planted[] = []
const queue = [...chosen]

async function lane(): Promise<void> {
  const trial = new Trial()
  try {
    if (!(await trial.passes())) throw new Error('The unit tests fail without a fault as well.')
    for (let next; (next = queue.shift());) {
      if (!(await trial.survives(next.path, planted(next.source, next.fault)))) continue
      survivors.push(next)
      console.log(`survived  ${describe(next)}`)
    }
  } finally {
    trial.remove()
  }
}

await Promise.all(Array.from({ length: Number(values.lanes) }, lane))
const noticed = chosen.length - survivors.length
const percent = chosen.length === 0 ? 100 : Math.round((100 * noticed) / chosen.length)
console.log(`${noticed} of ${chosen.length} faults noticed (${percent} %), seed ${values.seed}`)
