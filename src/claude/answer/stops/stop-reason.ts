import type { StopReason } from '../../../conversation/types.ts'
import { TurnError } from '../../../errors.ts'

/** The model API's stop reasons. */
const STOP_REASON: Record<string, StopReason> = {
  end_turn: 'end',
  stop_sequence: 'stop_sequence',
  max_tokens: 'length',
  model_context_window_exceeded: 'context_window',
  tool_use: 'tool_calls',
  refusal: 'refusal',
}

/** An answer that ended for an unknown reason may not be complete, so that is an error. */
export function toStopReason(apiReason: string): StopReason {
  const reason = STOP_REASON[apiReason]
  if (reason) return reason
  const message = `The answer ended for a reason that claude-max-api does not know: ${JSON.stringify(apiReason)}.`
  throw new TurnError('upstream', message)
}
