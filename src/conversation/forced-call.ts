import type { Conversation } from './types.ts'

/**
 * Removes the output schema if the answer must be a tool call. The model submits JSON through a
 * tool of the CLI, and calling that tool would count as the call.
 */
export function preferForcedCall(conversation: Conversation): Conversation {
  const { outputSchema: _, ...withoutSchema } = conversation
  const { type } = conversation.parameters.toolChoice
  return type === 'required' || type === 'tool' ? withoutSchema : conversation
}
