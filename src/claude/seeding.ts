import type { Message } from '../conversation/types.ts'
import { toLine } from './control.ts'

/**
 * A user message as the CLI reads it. `client_composed` makes it plain text: without it the CLI
 * reads `@path` from disk and runs `/commands`. `query: false` only puts it into the history.
 */
export function userLine(content: Message['content'], { query }: { query: boolean }): string {
  return toLine({
    type: 'user',
    message: { role: 'user', content },
    parent_tool_use_id: null,
    session_id: '',
    ...(query ? {} : { shouldQuery: false }),
    client_composed: true,
  })
}

/** An assistant message of the history; the CLI takes it without a word. */
export function assistantLine(content: Message['content']): string {
  return toLine({
    type: 'assistant',
    message: { role: 'assistant', content },
    parent_tool_use_id: null,
    session_id: '',
  })
}

/**
 * The conversation as writes to the CLI, in order. Each write ends with a user message, whose
 * `result` must be awaited before the next one: a CLI that is sent everything at once mixes up the
 * order. The last one makes it ask the model.
 *
 * So does the first one of several, if `anchored`: it is for a CLI that has been told to refuse
 * (see `Worker`). The CLI describes its environment to the model behind the first message it is to
 * query, and nothing else puts that description where it stands in a conversation that grew turn
 * by turn. There it stays from request to request, so that the prompt cache hits.
 */
export function seedingWrites(messages: readonly Message[], anchored: boolean): string[] {
  const writes: string[] = []
  let write = ''
  for (const [index, message] of messages.entries()) {
    if (message.role === 'assistant') {
      write += assistantLine(message.content)
      continue
    }
    const query = index === messages.length - 1 || (anchored && writes.length === 0)
    writes.push(write + userLine(message.content, { query }))
    write = ''
  }
  return writes
}
