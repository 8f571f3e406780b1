import { callIds, toolResults } from '../../conversation/tool-calls.ts'
import type { Conversation } from '../../conversation/types.ts'
import { isDeliverable, type McpServer } from './mcp-server.ts'

/** Whether the last message holds results of calls alone, which the CLI hands on whole. */
export function isDeliverableWhole({ messages }: Conversation): boolean {
  const content = messages.at(-1)?.content ?? []
  return content.every((block) => block.type === 'tool_result' && isDeliverable(block))
}

/**
 * Answers the calls on which the CLI waits with the results in the last message. Calls are told by
 * their place, because a client may have changed the ids; `ownIds` are those that the CLI knows.
 */
export async function deliverResults(
  mcp: McpServer,
  conversation: Conversation,
  { ownIds, isWanted }: { ownIds: readonly string[]; isWanted: () => boolean },
): Promise<void> {
  const clientIds = callIds(conversation.messages.at(-2))
  for (const result of toolResults(conversation)) {
    if (!isWanted()) return
    const id = ownIds[clientIds.indexOf(result.tool_use_id)] ?? result.tool_use_id
    // Results go to the model in the order in which the CLI took them, and of several that come
    // at once it takes any first.
    await mcp.answer({ ...result, tool_use_id: id })
  }
}
