import { mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createSandbox } from '../src/demo/sandbox.ts'
import { startCold } from './contenders/cold.ts'
import type { Contender, ContenderName, StartContender } from './contenders/contender.ts'
import { startDirect } from './contenders/direct.ts'
import { startLive } from './contenders/live.ts'
import { startPeer } from './contenders/peer.ts'
import { startPrebooted } from './contenders/prebooted.ts'
import { startResumed } from './contenders/resumed.ts'
import { startRewound } from './contenders/rewound.ts'
import { startUs } from './contenders/us.ts'
import { Processes } from './processes.ts'
import { startUpstream, type Upstream } from './upstream.ts'

const CLAUDE = join(import.meta.dir, '../node_modules/.bin/claude')

/** Nothing may leave this machine, and no side traffic may run in a timed span. */
const QUIET = {
  DISABLE_TELEMETRY: '1',
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
}

const START: Record<ContenderName, StartContender> = {
  us: startUs,
  peer: startPeer,
  cold: startCold,
  prebooted: startPrebooted,
  resumed: startResumed,
  live: startLive,
  rewound: startRewound,
  direct: startDirect,
}

/** What every contender stands on: one model API, one sandbox, one list of processes. */
export type Bed = {
  upstream: Upstream
  processes: Processes
  /** The environment of everything that is started. */
  env: Record<string, string>
  /** An empty working directory. */
  dir: string
  /** For everything else that is written while the benchmark runs. */
  home: string
  claude: string
  node: string
  /** The compiled server to measure, instead of the sources. */
  binary: string | undefined
  /** How long a sustained load lasts, and what is taken for a minute at rest. */
  seconds: number
  /** Starts another instance; the caller stops it. */
  start(name: ContenderName): Promise<Contender>
  stop(): Promise<void>
}

export type BedOptions = Pick<Bed, 'binary' | 'seconds'>

export function createBed({ binary, seconds }: BedOptions): Bed {
  const upstream = startUpstream()
  const sandbox = createSandbox(upstream.url)
  const claude = realpathSync(CLAUDE)
  // The npm peer takes `claude` from its PATH, which therefore holds nothing else but Node.
  const bin = join(sandbox.home, 'bin')
  const node = Bun.which('node') ?? process.execPath
  mkdirSync(bin)
  symlinkSync(claude, join(bin, 'claude'))
  symlinkSync(node, join(bin, 'node'))
  const dir = join(sandbox.home, 'cwd')
  mkdirSync(dir)
  const processes = new Processes()
  const bed: Bed = {
    upstream,
    processes,
    env: { ...sandbox.env, ...QUIET, PATH: bin },
    dir,
    home: sandbox.home,
    claude,
    node,
    binary: binary === undefined ? undefined : resolve(binary),
    seconds,
    async start(name) {
      const key = `dummy-key-${crypto.randomUUID()}`
      upstream.record(key)
      const env = { ...bed.env, ANTHROPIC_API_KEY: key }
      return { ...(await START[name]({ ...bed, env })), key }
    },
    async stop() {
      await processes.endAll()
      await upstream.stop()
      sandbox.remove()
    },
  }
  return bed
}
