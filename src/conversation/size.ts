import type { Conversation, Message } from './types.ts'

type Block = Message['content'][number]

/** The number of characters in a conversation: in texts, and in files as base64. */
export function sizeOf({ system, messages, tools, outputSchema }: Conversation): {
  text: number
  data: number
} {
  const total = { text: system.length, data: 0 }
  const add = (block: Block): void => {
    if (block.type === 'text') total.text += block.text.length
    else if (block.type === 'tool_use') total.text += textIn(block.input)
    else if (block.type === 'tool_result') block.content.forEach(add)
    else if (block.source.type === 'text') total.text += block.source.data.length
    else if (block.source.type === 'base64') total.data += block.source.data.length
  }
  for (const { content } of messages) content.forEach(add)
  return { ...total, text: total.text + textIn(tools) + textIn(outputSchema?.schema) }
}

/** The characters of all texts in a value, including keys. */
function textIn(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + textIn(item), 0)
  return Object.entries(value).reduce((sum, [key, item]) => sum + key.length + textIn(item), 0)
}
