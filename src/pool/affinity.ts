import type { Conversation, Message } from '../conversation/types.ts'
import { digestOf } from './digest.ts'
import type { KeptState } from './kept-workers.ts'

/**
 * A name for the point where a conversation stands: equal for a worker that stopped there and for
 * the request of the same client that goes on there. Tolerant of what clients change without
 * meaning: the order of keys in arguments, the ids of tool calls. Blocks and their order count: a
 * client that joins two texts of an answer into one has sent one.
 */
export function affinityKey(
  client: string,
  state: KeptState,
  conversation: Conversation,
  messages: readonly Message[],
): string {
  const { model, system, tools, outputSchema, effort, parameters } = conversation
  const ordinals = new Map<string, number>()
  const ordinal = (id: string) => {
    const known = ordinals.get(id) ?? ordinals.size
    ordinals.set(id, known)
    return known
  }
  const identity = {
    ...{ client, model, system, tools, outputSchema, effort },
    // The CLI reads the limit when a turn of its own begins, and one on tool calls is within it.
    ...(state === 'parked' && { maxTokens: parameters.maxTokens }),
    messages: messages.map((message) => canonical(message, ordinal)),
  }
  return digestOf(identity)
}

function canonical(message: Message, ordinal: (id: string) => number): unknown {
  if (message.role === 'user') {
    return message.content.map((block) =>
      block.type === 'tool_result' ? { ...block, tool_use_id: ordinal(block.tool_use_id) } : block,
    )
  }
  return message.content.flatMap((block): unknown[] => {
    if (block.type === 'text') return block.text === '' ? [] : [block.text]
    return [{ id: ordinal(block.id), name: block.name, input: sortKeys(block.input) }]
  })
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]))
}
