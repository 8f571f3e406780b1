import type { Log } from '../log.ts'
import type { BackoffOptions } from './backoff.ts'
import type { Demand } from './demand.ts'
import type { FreeWorkers, Taken } from './free-workers.ts'
import type { Shares } from './shares.ts'
import type { Worker } from './worker.ts'

/** What a supply of workers is told, and what it asks for. */
export type SupplyOptions = {
  boot: () => Promise<Worker>
  /** Pristine workers kept booted while there is work; none means that none is booted ahead. */
  warmWorkers: number
  maxWorkers: number
  maxQueue: number
  queueTimeoutMs?: number
  /** The workers that nobody uses. */
  free: FreeWorkers
  demand: Demand
  /** Told of each worker that is handed out; whoever takes it says when its turn is over. */
  shares: Shares
  /** The delays between boots that fail. */
  backoff?: BackoffOptions
  log: Log
}

export type Acquired = Taken & {
  /** Whether the request had to wait for it. */
  waited: boolean
}
