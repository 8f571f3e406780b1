import { randomUUID } from 'node:crypto'
import type { AssistantMessage, Message, UserMessage } from '../../conversation/types.ts'
import { toCliContent } from './cli-content.ts'
import { toLine } from '../process/control.ts'

/**
 * A user message as the CLI reads it. `client_composed` makes it plain text: without it the CLI
 * reads `@path` from disk and runs `/commands`. `query: false` only puts it into the history. By
 * its `uuid` it can be taken back.
 */
export function userLine(
  content: UserMessage['content'],
  { query, uuid }: { query: boolean; uuid: string },
): string {
  return toLine({
    type: 'user',
    message: { role: 'user', content: toCliContent({ role: 'user', content }) },
    parent_tool_use_id: null,
    session_id: '',
    ...(query ? {} : { shouldQuery: false }),
    uuid,
    client_composed: true,
  })
}

/** An assistant message of the history; the CLI takes it without a word. */
function assistantLine(content: AssistantMessage['content']): string {
  return toLine({
    type: 'assistant',
    message: { role: 'assistant', content: toCliContent({ role: 'assistant', content }) },
    parent_tool_use_id: null,
    session_id: '',
  })
}

/** Lines for one write, and what the CLI does with their last message. */
export type SeedingStep = {
  lines: string
  /**
   * `kept`: puts it into the history and says so. `refused`: see `seedingSteps`. `asked`: asks the
   * model.
   */
  outcome: 'kept' | 'refused' | 'asked'
  /** The place behind its last message, and the name by which that one is taken back. */
  end: number
  uuid: string
}

/**
 * The messages from `from` on as writes to the CLI, in order. Each write ends with a user message,
 * whose `result` must be awaited before the next one: a CLI that is sent everything at once mixes
 * up the order. The last message of the conversation makes it ask the model.
 *
 * So does the first of several, if `anchored`: it is for a CLI that has been told to refuse (see
 * `Seeder`). The CLI describes its environment to the model behind the first message it is to
 * query, and nothing else puts that description where it stands in a conversation that grew turn
 * by turn. There it stays from request to request, so that the prompt cache hits.
 */
export function seedingSteps(
  messages: readonly Message[],
  { from, anchored }: { from: number; anchored: boolean },
): SeedingStep[] {
  const steps: SeedingStep[] = []
  const first = messages.findIndex(({ role }) => role === 'user')
  let lines = ''
  for (const [index, message] of messages.entries()) {
    if (index < from) continue
    if (message.role === 'assistant') {
      lines += assistantLine(message.content)
      continue
    }
    const outcome = index === messages.length - 1 ? 'asked' : 'kept'
    const isAnchor = anchored && index === first && outcome === 'kept'
    const uuid = randomUUID()
    lines += userLine(message.content, { query: isAnchor || outcome === 'asked', uuid })
    steps.push({ lines, outcome: isAnchor ? 'refused' : outcome, end: index + 1, uuid })
    lines = ''
  }
  return steps
}
