import type { ChoiceEvent } from '../../dialect/choices.ts'
import type { StopReason, TurnEvent } from '../../conversation/types.ts'
import { type ChunkFrame, type ChunkMeta, toChoiceChunks } from '../choice-chunks.ts'

export const FINISH_REASON = {
  end: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  context_window: 'length',
  tool_calls: 'tool_calls',
  refusal: 'content_filter',
} as const satisfies Record<StopReason, string>

export type ChatMeta = ChunkMeta & {
  /** Whether thinking is shown. */
  reasoning: boolean
  /** Whether the request used functions, so that the answer must, too. */
  legacyFunctions: boolean
}

/**
 * Converts turn events into chat.completion.chunk objects: role, content, finish, usage, `[DONE]`.
 */
export function toChatChunks(meta: ChatMeta): TransformStream<ChoiceEvent, ChunkFrame> {
  return toChoiceChunks('chat.completion.chunk', meta, (index, event) => {
    const delta = toDelta(event, meta)
    const finish_reason = event.type === 'stop' ? toFinishReason(event.reason, meta) : null
    return delta ? [{ index, delta, logprobs: null, finish_reason }] : []
  })
}

type MetaOfDelta = Pick<ChatMeta, 'reasoning' | 'legacyFunctions'>

/** The `delta` for an event; undefined if the client does not get it. */
function toDelta(
  event: Exclude<TurnEvent, { type: 'error' }>,
  { reasoning, legacyFunctions }: MetaOfDelta,
): object | undefined {
  switch (event.type) {
    case 'start':
      return { role: 'assistant', content: '', refusal: null }
    case 'text':
      return { content: event.text }
    case 'thinking':
      return reasoning ? { reasoning_content: event.text } : undefined
    case 'tool_call': {
      const call = { name: event.name, arguments: '' }
      if (legacyFunctions) return { function_call: call }
      return {
        tool_calls: [{ index: event.index, id: event.id, type: 'function', function: call }],
      }
    }
    case 'tool_arguments': {
      const call = { arguments: event.json }
      if (legacyFunctions) return { function_call: call }
      return { tool_calls: [{ index: event.index, function: call }] }
    }
    case 'next_block':
    case 'rate_limit':
      return undefined
    case 'stop':
      return {}
    default:
      return event satisfies never
  }
}

export function toFinishReason(
  reason: StopReason,
  { legacyFunctions }: Pick<ChatMeta, 'legacyFunctions'>,
): string {
  return legacyFunctions && reason === 'tool_calls' ? 'function_call' : FINISH_REASON[reason]
}
