import type { StopReason } from '../../conversation/types.ts'

/** The model API's stop reasons. */
const STOP_REASON: Record<string, StopReason> = {
  end_turn: 'end',
  stop_sequence: 'stop_sequence',
  max_tokens: 'length',
  model_context_window_exceeded: 'context_window',
  tool_use: 'tool_calls',
  refusal: 'refusal',
}

/** An unknown reason counts as the normal end. */
export function toStopReason(apiReason: string): StopReason {
  return STOP_REASON[apiReason] ?? 'end'
}
