import type { CollectedTurn } from '../conversation/collect.ts'
import { FINISH_REASON } from './chat-stream.ts'
import { toUsage } from './usage.ts'

/** A whole turn as a chat.completion object. */
export function toChatCompletion(turn: CollectedTurn, meta: { id: string; created: number }) {
  const { model, text, thinking, stopReason, usage } = turn
  return {
    ...meta,
    object: 'chat.completion' as const,
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant' as const,
          content: text,
          refusal: null,
          ...(thinking === '' ? {} : { reasoning_content: thinking }),
          annotations: [],
        },
        logprobs: null,
        finish_reason: FINISH_REASON[stopReason],
      },
    ],
    usage: toUsage(usage),
    service_tier: 'default',
    system_fingerprint: null,
  }
}
