import type { StopReason } from '../../conversation/types.ts'

/** The model API's words. */
const STOP_REASON: Record<string, StopReason> = {
  end_turn: 'end',
  stop_sequence: 'stop_sequence',
  max_tokens: 'length',
  model_context_window_exceeded: 'context_window',
  tool_use: 'tool_calls',
  refusal: 'refusal',
}

/** One that we do not know ended the turn all the same. */
export function toStopReason(apiReason: string): StopReason {
  return STOP_REASON[apiReason] ?? 'end'
}
