import { getLogger } from '@logtape/logtape'
import { type TurnError, toTurnError } from '../../../src/errors.ts'
import { DEFAULT_PARAMETERS } from '../../../src/conversation/types.ts'
import type { Need } from '../../../src/conversation/need.ts'
import { Demand } from '../../../src/pool/demand.ts'
import { FreeWorkers } from '../../../src/pool/free-workers.ts'
import { Habits } from '../../../src/pool/habits.ts'
import { Shares } from '../../../src/pool/shares.ts'
import type { SupplyOptions } from '../../../src/pool/supply-options.ts'
import { WorkerSupply } from '../../../src/pool/supply.ts'
import { fakeWorker } from './fake-worker.ts'

const FIRST_MS = 1_000
const never = new AbortController().signal

/** The category that a supply of a test logs under. */
export const LOG_CATEGORY = 'fake supply'

/** The supply sees no more of a worker than this. */
function dyingWorker() {
  const { promise: exited, resolve } = Promise.withResolvers<{ code: number; signal: null }>()
  const die = () => resolve({ code: 1, signal: null })
  const end = async () => {
    die()
    await exited
  }
  return fakeWorker({ exited, end, die })
}

const always = (_boot: number) => true

/** What every request needs here. */
const NEED: Need = {
  conversation: {
    ...{ model: 'sonnet', system: '', messages: [], tools: [] },
    parameters: DEFAULT_PARAMETERS,
  },
  ...{ beginning: '', tools: '', voice: '', messages: [] },
  toolDigests: new Map(),
}

/** A supply whose boots the test lets fail, with the test's own clock. */
export function fakeSupply(options: Partial<SupplyOptions> = {}, failure?: TurnError) {
  const workers: ReturnType<typeof dyingWorker>[] = []
  const state = { boots: 0, now: 0, failure, fails: always, tookMs: 0 }
  const shares = new Shares()
  const ttlMs = { idle: 60_000, parked: 60_000 }
  const habits = new Habits()
  const free = new FreeWorkers({
    ttlMs,
    habits,
    maxStanding: 100,
    hasRoom: () => true,
    onExpired: () => {},
  })
  const supply = new WorkerSupply({
    boot: async () => {
      const boot = ++state.boots
      state.now += state.tookMs
      // A start takes a while, in which the test sees what goes on.
      await new Promise(setImmediate)
      if (state.failure && state.fails(boot)) throw state.failure
      const worker = dyingWorker()
      workers.push(worker)
      return worker
    },
    ...{ free, shares, demand: new Demand(), warmWorkers: 0 },
    ...{ maxWorkers: 100, maxQueue: 100, log: getLogger(LOG_CATEGORY) },
    backoff: { firstMs: FIRST_MS, now: () => state.now },
    ...options,
  })
  const ask = (client = '') => supply.acquire(NEED, { client, signal: never }).catch(toFacts)
  return { supply, shares, state, workers, ask }
}

/** A copy: what waits together is told the same, and `toMatchObject` writes into what it is given. */
function toFacts(error: unknown) {
  const { kind, message, retryAfterS } = toTurnError(error)
  return { kind, message, retryAfterS }
}
