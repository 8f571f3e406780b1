/** The neutral conversation between the dialects above and the CLI below. It imports nothing. */

export type TextBlock = { type: 'text'; text: string }

/** Base64 data, or a URL that the model API fetches: we never do. */
export type Source =
  | { type: 'base64'; media_type: string; data: string }
  | { type: 'url'; url: string }

export type ImageBlock = { type: 'image'; source: Source }
export type DocumentBlock = {
  type: 'document'
  source: Source | { type: 'text'; media_type: 'text/plain'; data: string }
  title?: string
  context?: string
}

export type ToolUseBlock = { type: 'tool_use'; id: string; name: string; input: unknown }

/** In the model API's own shape and key order, which is what a live worker sends as well. */
export type ToolResultBlock = {
  tool_use_id: string
  type: 'tool_result'
  content: (TextBlock | ImageBlock | DocumentBlock)[]
  is_error?: true
}

export type UserBlock = TextBlock | ImageBlock | DocumentBlock | ToolResultBlock
export type AssistantBlock = TextBlock | ToolUseBlock
export type UserMessage = { role: 'user'; content: UserBlock[] }
export type AssistantMessage = { role: 'assistant'; content: AssistantBlock[] }
export type Message = UserMessage | AssistantMessage

export type JsonSchema = { readonly [key: string]: unknown }

export type ToolSpec = { name: string; description: string; inputSchema: JsonSchema }

export type ToolChoice =
  | { type: 'auto' }
  | { type: 'none' }
  | { type: 'required' }
  | { type: 'tool'; name: string }

/** `none` asks for no thinking at all, as far as the model can do without. */
export type Effort = 'none' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

/** The answer is to be JSON of this shape; only a strict one is checked at the end. */
export type OutputSchema = { schema: JsonSchema; strict: boolean }

/** What may differ from one request of a conversation to the next, and never carries over. */
export type Parameters = {
  toolChoice: ToolChoice
  parallelToolCalls: boolean
  /** How the model is told of the two above: some models refuse the API's own way. */
  toolChoiceBy: 'api' | 'instruction'
  maxTokens?: number
  stopSequences?: string[]
  temperature?: number
  topP?: number
}

/** One request, whatever API it came through. The last message is the user's. */
export type Conversation = {
  /** A name the CLI takes: an alias (`sonnet`) or a full id (`claude-sonnet-5-5`). */
  model: string
  /** Empty when the client sent none. */
  system: string
  messages: Message[]
  tools: ToolSpec[]
  outputSchema?: OutputSchema
  /** The model's default when absent. */
  effort?: Effort
  parameters: Parameters
}

/** `length`: as many tokens as the request allows; `context_window`: as many as the model can hold. */
export type StopReason =
  | 'end'
  | 'length'
  | 'context_window'
  | 'stop_sequence'
  | 'tool_calls'
  | 'refusal'

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
  /** `usage` is what is known before the first word: the tokens read. */
  | { type: 'start'; id: string; model: string; usage: Usage }
  | { type: 'text'; text: string }
  | { type: 'thinking'; text: string }
  /** What follows is a block of its own, though it is of the kind of the one before. */
  | { type: 'next_block' }
  /** `index` counts the calls of the turn from 0; their arguments follow, as pieces of JSON. */
  | { type: 'tool_call'; index: number; id: string; name: string }
  | { type: 'tool_arguments'; index: number; json: string }
  | { type: 'rate_limit'; rateLimit: RateLimit }
  | { type: 'stop'; reason: StopReason; stopSequence: string | undefined; usage: Usage }
  /**
   * The turn failed after it began. An event rather than a stream error, because a stream that
   * errors throws away what is still queued: text that the client should have had.
   */
  | { type: 'error'; error: Error }

export const DEFAULT_PARAMETERS: Parameters = {
  toolChoice: { type: 'auto' },
  parallelToolCalls: true,
  toolChoiceBy: 'api',
}
