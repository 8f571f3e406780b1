import type { Conversation, Message, ToolResultBlock } from './types.ts'

/** The ids of the calls in a message, in order; empty unless it is an answer with calls. */
export function callIds(message: Message | undefined): string[] {
  if (message?.role !== 'assistant') return []
  return message.content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []))
}

/** The results in the last message, in order. */
export function toolResults({ messages }: Conversation): ToolResultBlock[] {
  const last = messages.at(-1)
  if (last?.role !== 'user') return []
  return last.content.flatMap((block) => (block.type === 'tool_result' ? [block] : []))
}
