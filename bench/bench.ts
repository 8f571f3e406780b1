/**
 * Measures this project side by side with the npm peer, the bare CLI and hand-driven workers, on
 * the real CLI over a scripted model API on loopback. See docs/performance.md.
 * Usage: bun run bench [--quick] [--only NAME]... [--seconds N] [--binary PATH]
 */
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { version as cliVersion } from '../node_modules/@anthropic-ai/claude-code/package.json'
import { version } from '../package.json'
import { judge } from './bars.ts'
import { type Bed, type BedOptions, createBed } from './bed.ts'
import type { Contender, ContenderName } from './contenders/contender.ts'
import { installPeer } from './contenders/peer.ts'
import { runScenario, type Scenario, type ScenarioResult, within } from './measure.ts'
import { treeOf } from './processes.ts'
import { type RunFacts, toJson, toMarkdown } from './report.ts'
import { SCENARIOS } from './scenarios/scenarios.ts'

const RESULTS = join(import.meta.dir, 'results/latest.json')
const STOP_MS = 30_000
/** How long a sustained load lasts. */
const SECONDS = { full: 60, quick: 5 }

process.exit(await main())

async function main(): Promise<number> {
  const { quick, only, binary, seconds } = options()
  const chosen = SCENARIOS.filter(({ name }) => only.length === 0 || only.includes(name))
  if (chosen.length === 0) {
    console.error(`--only takes: ${SCENARIOS.map(({ name }) => name).join(', ')}`)
    return 2
  }
  if (process.platform !== 'linux') {
    console.error('The benchmark reads CPU and memory from /proc: it runs on Linux only.')
    return 2
  }
  const started = performance.now()
  const loadBefore = load()
  const peerVersion = await installPeer()
  const bed = createBed({ binary, seconds })
  const interrupted = Promise.withResolvers<never>()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => interrupted.reject(new Error(`Stopped by ${name}.`)))
  }
  let results: ScenarioResult[] = []
  try {
    results = await Promise.race([runAll(bed, chosen, quick), interrupted.promise])
  } finally {
    await within(STOP_MS, bed.stop())
  }
  const facts: RunFacts = {
    date: new Date().toISOString().slice(0, 10),
    quick,
    versions: {
      'claude-max-api':
        binary === undefined ? `${version} (sources at ${commit()})` : `${version} (binary)`,
      'claude-max-api-proxy': peerVersion,
      claude: cliVersion,
      bun: Bun.version,
      node: nodeVersion(bed),
    },
    machine: {
      cores: String(cpus().length),
      cpu: cpus()[0]?.model ?? 'unknown',
      memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
      kernel: release(),
    },
    load: { before: loadBefore, after: load() },
    durationS: (performance.now() - started) / 1000,
    leftBehind: treeOf(process.pid).length - 1,
  }
  const bars = judge(results)
  await Bun.write(RESULTS, `${JSON.stringify(toJson(facts, results, bars), null, 2)}\n`)
  console.log(toMarkdown(facts, results, bars))
  const missed = bars.some(({ required, met }) => required && met === false)
  const failed = results.some(({ failures }) => failures.us !== undefined)
  return missed || failed || facts.leftBehind > 0 ? 1 : 0
}

async function runAll(bed: Bed, scenarios: readonly Scenario[], quick: boolean) {
  const contenders = new Map<ContenderName, Contender>()
  for (const name of new Set(scenarios.flatMap((scenario) => scenario.contenders))) {
    contenders.set(name, await bed.start(name))
  }
  const results: ScenarioResult[] = []
  for (const scenario of scenarios) {
    const rounds = quick ? scenario.rounds.quick : scenario.rounds.full
    if (rounds === 0) continue
    console.error(`${scenario.name} ...`)
    results.push(await runScenario(bed, scenario, contenders, rounds))
  }
  return results
}

type Options = { quick: boolean; only: string[] } & BedOptions

function options(): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      seconds: { type: 'string' },
      binary: { type: 'string' },
    },
  })
  const { quick, only, binary } = values
  const seconds = Number(values.seconds ?? (quick ? SECONDS.quick : SECONDS.full))
  if (!(seconds > 0)) throw new Error(`--seconds takes a number above zero, not ${values.seconds}.`)
  return { quick, only, binary, seconds }
}

function load(): number[] {
  return loadavg().map((value) => Math.round(value * 100) / 100)
}

/** Of the sources that are measured; a `+` says that they were changed since. */
function commit(): string {
  if (Bun.which('git') === null) return 'unknown'
  return git('log', '-1', '--format=%h') + (git('status', '--porcelain') === '' ? '' : '+')
}

function git(...args: string[]): string {
  const cwd = join(import.meta.dir, '..')
  const env = { PATH: process.env['PATH'] ?? '' }
  return Bun.spawnSync(['git', ...args, '--', 'src'], { cwd, env })
    .stdout.toString()
    .trim()
}

function nodeVersion({ node, env }: Bed): string {
  return Bun.spawnSync([node, '--version'], { env }).stdout.toString().trim()
}
