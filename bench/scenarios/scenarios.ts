import type { Scenario } from '../measure.ts'
import { IDLE, START_UP } from './at-rest.ts'
import { FIRST_TOKEN } from './first-token.ts'
import { AFTER_TOOL_RESULT, FURTHER_TURN, PASSING_END } from './further-turn.ts'
import { BACK_TO_BACK, BURSTS } from './load.ts'
import { FULL_SPEED_STREAM, PACED_STREAM } from './streaming.ts'

/** Everything that is measured, in the order in which it runs. */
export const SCENARIOS: readonly Scenario[] = [
  ...FIRST_TOKEN,
  FURTHER_TURN,
  AFTER_TOOL_RESULT,
  ...PASSING_END,
  PACED_STREAM,
  FULL_SPEED_STREAM,
  BACK_TO_BACK,
  ...BURSTS,
  START_UP,
  IDLE,
]
