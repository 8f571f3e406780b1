import type { Worker } from './worker.ts'
import type { Log } from '../log.ts'
import type { BackoffOptions } from './backoff.ts'
import type { Purpose } from './forecast.ts'
import type { Shares } from './shares.ts'

/** A request that waits, any request still to come, or one that was guessed. */
export type Beneficiary = 'request' | 'refill' | 'guess'

/** What a supply of workers is told, and what it asks for. */
export type SupplyOptions = {
  boot: (purpose: Purpose) => Promise<Worker>
  /** What pristine workers are wanted for, the most important first; may change at any time. */
  wanted: () => readonly Purpose[]
  maxWorkers: number
  maxQueue: number
  queueTimeoutMs?: number
  /** Told of each worker that is handed out; whoever takes it says when its turn is over. */
  shares: Shares
  /** Gives up a kept worker so that another can be booted. */
  giveUp: (beneficiary: Beneficiary) => Worker | undefined
  onGone: (worker: Worker) => void
  /** The delays between boots that fail. */
  backoff?: BackoffOptions
  log: Log
}
