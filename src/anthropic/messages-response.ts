import type { CollectedBlock, CollectedTurn } from '../dialect/collect.ts'
import type { StopReason } from '../conversation/types.ts'
import { toUsage } from './messages-usage.ts'

export const STOP_REASON = {
  end: 'end_turn',
  length: 'max_tokens',
  context_window: 'model_context_window_exceeded',
  stop_sequence: 'stop_sequence',
  tool_calls: 'tool_use',
  refusal: 'refusal',
} as const satisfies Record<StopReason, string>

export type MessagesMeta = {
  requestId: string
  /** Whether the client gets the model's thinking. */
  thinking: boolean
}

/**
 * The same in every message; `container` and `diagnostics` belong to tools that do not exist here.
 */
export const MESSAGE_FRAME = {
  type: 'message',
  role: 'assistant',
  container: null,
  diagnostics: null,
} as const

/** A complete turn as a message object. */
export function toMessage(turn: CollectedTurn, { thinking }: Pick<MessagesMeta, 'thinking'>) {
  return {
    ...{ id: turn.id, ...MESSAGE_FRAME, model: turn.model },
    content: turn.blocks.flatMap((block) =>
      block.type === 'thinking' && !thinking ? [] : [toBlock(block)],
    ),
    stop_reason: STOP_REASON[turn.stopReason],
    stop_sequence: turn.stopSequence ?? null,
    stop_details: null,
    usage: toUsage(turn.usage),
  }
}

function toBlock(block: CollectedBlock) {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text }
    case 'thinking':
      // Without a signature thinking cannot be checked; a client may send it back, and it is
      // ignored.
      return { type: 'thinking', thinking: block.text, signature: '' }
    case 'tool_call':
      return toToolUse(block, toInput(block.arguments))
    default:
      return block satisfies never
  }
}

export function toToolUse({ id, name }: { id: string; name: string }, input: unknown) {
  return { type: 'tool_use', id, name, input, caller: { type: 'direct' } }
}

/** Arguments that were cut off are not JSON; `stop_reason` says so. */
function toInput(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return {}
  }
}
