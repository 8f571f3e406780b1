import type { ModelInfo } from '../conversation/models.ts'
import type { Need, Offer } from '../conversation/need.ts'
import type { RateLimit, StopReason, TurnEvent } from '../conversation/types.ts'

/** One turn, as the pool sees it. */
export type Turn = {
  readonly events: ReadableStream<TurnEvent>
  /** Resolves at the first event of the answer; rejects with the error that came instead. */
  readonly started: Promise<void>
  /** Resolves once the model has been asked, or the turn has ended. */
  readonly requested: Promise<void>
  /** Resolves when the last event is out or the reader has gone. */
  readonly finished: Promise<void>
  readonly wasRequested: boolean
  /** Whether another worker may well do what this one has refused. */
  readonly mayBeRepeated: boolean
  readonly rateLimit: RateLimit | undefined
  /** How it ended, if it ended well. */
  readonly stopReason: StopReason | undefined
  /** Ends it: the client has gone. */
  cancel(): void
}

/** One CLI process, as the pool sees it: it remembers a conversation, and can be taken back. */
export type Worker = {
  /** Settles when the process is reaped. */
  readonly exited: Promise<{ code: number; signal: string | number | null }>
  /** The models that the CLI says it can use. */
  readonly models: readonly ModelInfo[]
  /** Whether it waits for the results of calls. */
  readonly isParked: boolean
  /** Whether a new one should take its place: it goes on with its conversation, and that is all. */
  readonly isWorn: boolean
  /** After a turn: whether it can take another conversation; it takes a moment to know. */
  readonly settled: Promise<boolean>
  /** How it can serve this request; undefined if it cannot. */
  offer(need: Need): Offer | undefined
  /** Serves a request as offered. */
  run(need: Need): Turn
  /** Ends the process and resolves when it is reaped; `reason` is the error of a running turn. */
  end(reason?: Error): Promise<void>
}
