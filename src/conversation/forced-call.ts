import type { Conversation } from './types.ts'

/**
 * The conversation without its output schema if the answer must be a tool call. The CLI has the
 * model hand in JSON by a tool of its own, and calling that one would count as the call.
 */
export function preferForcedCall(conversation: Conversation): Conversation {
  const { outputSchema: _, ...withoutSchema } = conversation
  const { type } = conversation.parameters.toolChoice
  return type === 'required' || type === 'tool' ? withoutSchema : conversation
}
