import type { CollectedTurn } from '../../dialect/collect.ts'
import { FINISH_REASON } from '../chat/stream.ts'
import { addUsage, NO_USAGE } from '../../conversation/usage.ts'
import { toUsage } from '../usage.ts'

export type CompletionMeta = {
  id: string
  created: number
  /** The text before each choice: its prompt, if requested. */
  echoes: readonly string[]
  includeUsage: boolean
}

/** Complete turns, one per choice, as a text_completion object. */
export function toCompletion(
  turns: readonly CollectedTurn[],
  { id, created, echoes }: CompletionMeta,
) {
  return {
    ...{ id, object: 'text_completion' as const, created },
    model: turns[0]?.model ?? '',
    choices: turns.map(({ text, stopReason }, index) => ({
      text: (echoes[index] ?? '') + text,
      index,
      logprobs: null,
      finish_reason: FINISH_REASON[stopReason],
    })),
    usage: toUsage(turns.map(({ usage }) => usage).reduce(addUsage, NO_USAGE)),
  }
}
