import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { neutralDir } from '../../src/claude/process/neutral-dir.ts'
import { startModelApi } from '../../src/demo/model-api.ts'
import { createSandbox } from '../../src/demo/sandbox.ts'
import { CLAUDE } from '../support/servers/server.ts'
import { until, within } from '../support/waiting.ts'
import {
  connectionsOf,
  connectionsTo,
  filesIn,
  openFilesOf,
  processesWithHome,
  rssMbOf,
  socketsOf,
  watchSessions,
} from './census.ts'
import { put, type Target } from './client.ts'
import { ATTACK_NAMES, attackWith, type Victim } from './hostile.ts'
import { type Put, runJourney } from './journey.ts'
import { keyChecks, storeForEach } from './keys.ts'
import { memoryChecks } from './memory.ts'
import { SoakModel } from './model.ts'
import { Random } from './random.ts'
import { type Check, printReport } from './report.ts'
import { Tally } from './tally.ts'

const ROOT = join(import.meta.dir, '../..')
const MAX_WORKERS = 8
const WARM_WORKERS = 2
const TTL_S = 8
const KEYS = ['key-of-ada', 'key-of-bert', 'key-of-cleo']
/** The share of hostile requests. */
const HOSTILE_SHARE = 0.05
const dataDir = mkdtempSync(join(tmpdir(), 'claude-max-api-soak-'))
const SETTINGS = [
  ...['--port', '0', '--claude', CLAUDE, '--log-level', 'error', '--log-format', 'json'],
  ...['--max-workers', String(MAX_WORKERS), '--warm-workers', String(WARM_WORKERS)],
  ...['--max-queue', '1000', '--first-event-timeout', '8s', '--request-timeout', '8s'],
  ...['--idle-ttl', `${TTL_S}s`, '--park-ttl', `${TTL_S}s`, '--data-dir', dataDir],
  ...KEYS.flatMap((key) => ['--api-key', key]),
]
/**
 * Rush and calm take turns: in a rush requests queue and every kept worker is given up for another
 * conversation; with no more clients than this, conversations go on where they stopped.
 */
const CALM_CLIENTS = 4
const PERIOD_MS = 30_000
const CALM_MS = 20_000
const SAMPLE_MS = 500
const PROGRESS_MS = 15_000
const START_MS = 60_000
const REST_MS = (TTL_S + 22) * 1_000
const EXIT_MS = 20_000
const GONE_MS = 5_000
/** What the CLI keeps of its own accord: its state, a backup of it, and a plugin's name. */
const KEPT_FILES = /^\.claude\.json(\.|$)|^\.claude\/(backups|plugins)\//

const CLOSE = { headers: { connection: 'close' } }

const Options = z.object({
  requests: z.coerce.number().int().positive().default(5_000),
  minutes: z.coerce.number().positive().default(120),
  seed: z.coerce
    .number()
    .int()
    .default(() => Math.floor(Math.random() * 2 ** 31)),
  concurrency: z.coerce.number().int().positive().default(12),
})

const text = { type: 'string' } as const
const options = Options.parse(
  parseArgs({ options: { requests: text, minutes: text, seed: text, concurrency: text } }).values,
)
console.log(`soak with --seed ${options.seed}`)

const tally = new Tally()
const model = new SoakModel((finding) => tally.report(finding))
const api = startModelApi(model.script)
const sandbox = createSandbox(api.url)
const sessions = join(sandbox.home, '.claude', 'sessions')
mkdirSync(sessions, { recursive: true })
const watcher = watchSessions(sessions)
const server = Bun.spawn([process.execPath, 'run', join(ROOT, 'src/index.ts'), ...SETTINGS], {
  // Bun's own cache of this program is not what is looked for among the files that are left.
  env: { ...sandbox.env, BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0' },
  cwd: sandbox.home,
  stdin: 'ignore',
  stdout: 'pipe',
  stderr: 'inherit',
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    console.log(`Stopped by ${signal} after ${tally.requests} requests.`)
    server.kill('SIGKILL')
    sandbox.remove()
    process.exit(130)
  })
}

async function soak(): Promise<boolean> {
  const url = await within(addressOf(server.stdout), START_MS, 'the start of the server')
  const startedAt = performance.now()
  const target: Target = { url, model, tally }
  const victim: Victim = { url, keys: KEYS, stored: await storeForEach(target, KEYS) }
  const rss = await underLoad(target, victim)
  const seconds = (performance.now() - startedAt) / 1_000
  const checks = [
    ...memoryChecks(rss, SAMPLE_MS),
    ...(await keyChecks(model, victim)),
    ...(await checksAtRest(url)),
    ...(await checksAtTheEnd()),
  ]
  return printReport({ tally, checks, seconds, seed: options.seed })
}

/** Puts all the questions; resolves to the memory of the server, sampled meanwhile, in MB. */
async function underLoad(target: Target, victim: Victim): Promise<number[]> {
  const deadline = performance.now() + options.minutes * 60_000
  const rss: number[] = []
  const sampling = setInterval(() => rss.push(rssMbOf(server.pid)), SAMPLE_MS)
  const progress = setInterval(() => {
    const { requests, running, counts } = tally
    console.log(
      JSON.stringify({ requests, running, rssMb: Math.round(rss.at(-1) ?? 0), ...counts }),
    )
  }, PROGRESS_MS)
  let number = 0
  const mayAsk = () => performance.now() < deadline && tally.requests < options.requests
  const random = new Random(options.seed)
  const attack = async (name: string) => {
    tally.beginAttack(name)
    tally.endAttack(await attackWith(name, victim, random))
  }
  const client = async (index: number) => {
    while (mayAsk()) {
      if (index >= CALM_CLIENTS && isCalm()) {
        await Bun.sleep(SAMPLE_MS)
        continue
      }
      const key = KEYS[++number % KEYS.length] ?? ''
      const ask: Put = async (one) => {
        if (random.chance(HOSTILE_SHARE)) await attack(random.pick(ATTACK_NAMES))
        return put(one, target)
      }
      await runJourney({ seed: options.seed, number, key }, ask, mayAsk)
    }
  }
  try {
    // Each at least once, however short the run is.
    for (const name of ATTACK_NAMES) await attack(name)
    await Promise.all(Array.from({ length: options.concurrency }, (_, index) => client(index)))
  } finally {
    clearInterval(sampling)
    clearInterval(progress)
  }
  return rss
}

function isCalm(): boolean {
  return performance.now() % PERIOD_MS < CALM_MS
}

/**
 * Connections and processes that are left after the last request, when kept workers have expired.
 */
async function checksAtRest(url: string): Promise<Check[]> {
  const count = z.number()
  const free = { pristine: count, idle: count, parked: count }
  const Workers = z.object({ alive: count, booting: count, ...free })
  const Ready = z.object({ workers: Workers })
  const look = async () => {
    const { workers } = Ready.parse(await (await fetch(`${url}/ready`, CLOSE)).json())
    const spare = workers.pristine
    const isRested = workers.booting === 0 && workers.alive === spare
    return { isRested, spare, kept: workers.idle + workers.parked }
  }
  let state = await look()
  const end = performance.now() + REST_MS
  while (!state.isRested && performance.now() < end) {
    await Bun.sleep(SAMPLE_MS)
    state = await look()
  }
  const { isRested, spare, kept: left } = state
  const connections = connectionsOf(server.pid)
  const workers = processesWithHome(sandbox.home).filter(isWorker).length
  const isKnown = workers === spare && spare >= 1 && spare <= MAX_WORKERS
  return [
    { name: 'kept workers go when their time is up', value: `${left} left`, passes: isRested },
    { name: 'workers at rest', value: `${workers}, ${spare} of them ready`, passes: isKnown },
    { name: 'open connections at rest', value: String(connections), passes: connections === 0 },
    { name: 'open files at rest', value: String(openFilesOf(server.pid)), passes: true },
  ]
}

const none = (name: string, found: readonly unknown[]): Check => ({
  ...{ name, value: found.length === 0 ? '0' : `${found.length}: ${found.slice(0, 5).join()}` },
  passes: found.length === 0,
})

async function checksAtTheEnd(): Promise<Check[]> {
  server.kill('SIGTERM')
  const code = await within(server.exited, EXIT_MS, 'the end of the server').catch(() => 'none')
  const left = () => processesWithHome(sandbox.home)
  await until(() => left().length === 0, GONE_MS, 'the end of the workers').catch(() => {})
  const upstream = connectionsTo(Number(new URL(api.url).port))
  const files = filesIn(sandbox.home).filter((file) => !KEPT_FILES.test(file))
  const sockets = socketsOf(watcher.pids, neutralDir().temp)
  return [
    { name: 'exit code', value: String(code), passes: code === 0 },
    none('processes left', left()),
    { name: 'connections to the model left', value: String(upstream), passes: upstream === 0 },
    none(`sockets left (of ${watcher.pids.size} workers)`, sockets),
    none('sessions and temporary files left', files),
  ]
}

function isWorker(pid: number): boolean {
  return pid !== server.pid
}

async function addressOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let banner = ''
  const decoder = new TextDecoder()
  for await (const chunk of stream.values({ preventCancel: true })) {
    banner += decoder.decode(chunk, { stream: true })
    const address = /http:\/\/localhost:\d+(?=\/v1)/.exec(banner)?.[0]
    if (address !== undefined) return address.replace('localhost', '127.0.0.1')
  }
  throw new Error(`The server ended: ${banner}`)
}

try {
  process.exitCode = (await soak()) ? 0 : 1
} finally {
  server.kill('SIGKILL')
  await server.exited
  watcher.close()
  await api.stop()
  sandbox.remove()
  rmSync(dataDir, { recursive: true, force: true })
}
