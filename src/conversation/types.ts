/** The neutral conversation between the dialects above and the CLI below. It imports nothing. */

export type TextBlock = { type: 'text'; text: string }

export type UserMessage = { role: 'user'; content: UserBlock[] }
export type AssistantMessage = { role: 'assistant'; content: AssistantBlock[] }
export type UserBlock = TextBlock
export type AssistantBlock = TextBlock
export type Message = UserMessage | AssistantMessage

/** One request, whatever API it came through. The last message is the user's. */
export type Conversation = {
  /** A name the CLI takes: an alias (`sonnet`) or a full id (`claude-sonnet-5-5`). */
  model: string
  /** Empty when the client sent none. */
  system: string
  messages: Message[]
}

export type StopReason = 'end' | 'length' | 'stop_sequence' | 'tool_calls' | 'refusal'

/** Token counts of one turn, as the model API reported them. */
export type Usage = {
  /** All tokens read: uncached, cached and newly cached. */
  inputTokens: number
  cachedTokens: number
  cacheCreationTokens: number
  outputTokens: number
  /** The share of `outputTokens` spent on thinking. */
  reasoningTokens: number
}

/** The subscription's rate limit as the CLI reports it. */
export type RateLimit = {
  status: string
  /** Unix seconds at which the window starts anew. */
  resetsAt: number | undefined
  window: string | undefined
  /** 0 to 1, of the window named. */
  utilization: number | undefined
}

export type TurnEvent =
  | { type: 'start'; id: string; model: string }
  | { type: 'text'; text: string }
  | { type: 'thinking'; text: string }
  | { type: 'rate_limit'; rateLimit: RateLimit }
  | { type: 'stop'; reason: StopReason; stopSequence: string | undefined; usage: Usage }
  /**
   * The turn failed after it began. An event rather than a stream error, because a stream that
   * errors throws away what is still queued: text that the client should have had.
   */
  | { type: 'error'; error: Error }
