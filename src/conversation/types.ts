/** The neutral conversation, between the APIs and the CLI. It imports nothing. */

import type { Usage } from './usage.ts'

export type { Usage }

export type TextBlock = { type: 'text'; text: string }

/** Base64 data, or a URL that the model API fetches; this server never does. */
type Source = { type: 'base64'; media_type: string; data: string } | { type: 'url'; url: string }

export type ImageBlock = { type: 'image'; source: Source }
export type DocumentBlock = {
  type: 'document'
  source: Source | { type: 'text'; media_type: 'text/plain'; data: string }
  title?: string
  context?: string
}

export type ToolUseBlock = { type: 'tool_use'; id: string; name: string; input: unknown }

/** In the model API's own form and key order, as a live worker sends it, too. */
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

/** `none` means no thinking, as far as the model allows. */
export type Effort = 'none' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'

/**
 * The answer must be JSON of this schema; only a strict one is checked when the answer is complete.
 */
export type OutputSchema = { schema: JsonSchema; strict: boolean }

/**
 * What may differ between requests of one conversation. Nothing of it applies to the next request.
 */
export type Parameters = {
  toolChoice: ToolChoice
  parallelToolCalls: boolean
  /** How the model is told of the two fields above: some models refuse the API's own parameter. */
  toolChoiceBy: 'api' | 'instruction'
  maxTokens?: number
  stopSequences?: string[]
  temperature?: number
  topP?: number
}

/** One request in neutral form. The last message is the user's. */
export type Conversation = {
  /** A name that the CLI accepts: an alias (`sonnet`) or a full id (`claude-sonnet-5-5`). */
  model: string
  /** Empty if the client sent none. */
  system: string
  messages: Message[]
  tools: ToolSpec[]
  outputSchema?: OutputSchema
  /** The model's default if absent. */
  effort?: Effort
  parameters: Parameters
}

/** `length`: the request's token limit was reached; `context_window`: the model's. */
export type StopReason =
  | 'end'
  | 'length'
  | 'context_window'
  | 'stop_sequence'
  | 'tool_calls'
  | 'refusal'

/** The subscription's rate limit as the CLI reports it. */
export type RateLimit = {
  status: string
  /** When the window is reset, in Unix seconds. */
  resetsAt: number | undefined
  window: string | undefined
  /** 0 to 1, of that window. */
  utilization: number | undefined
}

export type TurnEvent =
  /** `usage` is what is known before the first text: the input tokens. */
  | { type: 'start'; id: string; model: string; usage: Usage }
  | { type: 'text'; text: string }
  | { type: 'thinking'; text: string }
  /** The next content is a new block, although of the same kind as the one before. */
  | { type: 'next_block' }
  /** `index` counts the calls of the turn from 0. The arguments follow as pieces of JSON. */
  | { type: 'tool_call'; index: number; id: string; name: string }
  | { type: 'tool_arguments'; index: number; json: string }
  | { type: 'rate_limit'; rateLimit: RateLimit }
  | { type: 'stop'; reason: StopReason; stopSequence: string | undefined; usage: Usage }
  /**
   * The turn failed after it began. This is an event and not a stream error, because a stream error
   * would discard queued text that the client should get.
   */
  | { type: 'error'; error: Error }

export const DEFAULT_PARAMETERS: Parameters = {
  toolChoice: { type: 'auto' },
  parallelToolCalls: true,
  toolChoiceBy: 'api',
}
