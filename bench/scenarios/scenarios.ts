import type { Scenario } from '../measure.ts'
import { AFTER_BURST, IDLE, QUIET, START_UP, TRAFFIC } from './at-rest.ts'
import { FIRST_TOKEN } from './first-token.ts'
import { AFTER_TOOL_RESULT, FURTHER_TURN, PASSING_END, REGENERATE } from './further-turn.ts'
import { BURSTS } from './load.ts'
import { FULL_SPEED_STREAM, PACED_STREAM } from './streaming.ts'
import { SUSTAINED } from './sustained.ts'

/** Everything that is measured, in the order in which it runs. */
export const SCENARIOS: readonly Scenario[] = [
  ...FIRST_TOKEN,
  FURTHER_TURN,
  ...AFTER_TOOL_RESULT,
  ...PASSING_END,
  REGENERATE,
  PACED_STREAM,
  FULL_SPEED_STREAM,
  ...SUSTAINED,
  ...BURSTS,
  START_UP,
  TRAFFIC,
  IDLE,
  AFTER_BURST,
  QUIET,
]
