import type { Message, TextBlock, ToolResultBlock } from '../../conversation/types.ts'

/**
 * Messages in the form in which the CLI keeps them as they are, and in which a live worker sends
 * them: what is seeded must be the same bytes.
 */

/** Up to here the CLI sends the text of a failed call whole. */
const MAX_ERROR_CHARS = 10_000

/** The CLI's own words for an empty text. */
const WORDS_FOR_NOTHING: ReadonlySet<string> = new Set(['(no content)', '[Empty text removed]'])

/** Whether the CLI takes a text for an empty one; of an answer that has no other it keeps nothing. */
export function isEmptyToCli(text: string): boolean {
  const words = text.trim()
  return words === '' || WORDS_FOR_NOTHING.has(words)
}

/** The text of a failed call, if a live worker sends it as it is; undefined for anything else. */
export function errorText({ content, is_error }: ToolResultBlock): string | undefined {
  const [block] = content
  if (!is_error || content.length !== 1 || block?.type !== 'text') return undefined
  const { text } = block
  // The CLI cuts blanks off both ends, and the middle out of a long text.
  const isWhole = text !== '' && text === text.trim() && text.length <= MAX_ERROR_CHARS
  return isWhole ? text : undefined
}

/** The content of a message as it is written for the CLI. */
export function toCliContent({ role, content }: Message): object[] {
  if (role === 'assistant') {
    // The CLI keeps an answer for the sake of this block, which it does not send to the model API.
    return content.every((block) => isEmptyText(block))
      ? [...content, { type: 'fallback' }]
      : content
  }
  return content.map((block) => (block.type === 'tool_result' ? toCliResult(block) : block))
}

function isEmptyText(block: Message['content'][number]): block is TextBlock {
  return block.type === 'text' && isEmptyToCli(block.text)
}

/** A live worker sends the text of a failed call as a string, with its keys in this order. */
function toCliResult(result: ToolResultBlock): object {
  const text = errorText(result)
  if (text === undefined) return result
  return { type: 'tool_result', content: text, is_error: true, tool_use_id: result.tool_use_id }
}
