import type { ModelInfo } from '../conversation/models.ts'
import type {
  AssistantMessage,
  Conversation,
  RateLimit,
  StopReason,
  TurnEvent,
} from '../conversation/types.ts'

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
  /** How the turn ended, if its worker can go on from there. */
  readonly stopReason: StopReason | undefined
  /** The answer as a message of the history, once the turn has ended. */
  readonly message: AssistantMessage
  readonly rateLimit: RateLimit | undefined
}

/** One CLI process, as the pool sees it: for one conversation, which it remembers. */
export type Worker = {
  /** Settles when the process is reaped. */
  readonly exited: Promise<{ code: number; signal: string | number | null }>
  /** The models that the CLI says it can use. */
  readonly models: readonly ModelInfo[]
  /** Whether it can be given the first `count` messages of a conversation. */
  fits(conversation: Conversation, count: number): boolean
  /** Whether one that waits on tool calls can take the last message as their results. */
  takesResults(conversation: Conversation): boolean
  /** Gives it a conversation, history and all. */
  run(conversation: Conversation): Turn
  /** Goes on after a finished turn. */
  continue(conversation: Conversation): Turn
  /** Goes on after tool calls, whose results are the last message. */
  resume(conversation: Conversation): Turn
  /** Ends the process and resolves when it is reaped; `reason` is the error of a running turn. */
  end(reason?: Error): Promise<void>
}
