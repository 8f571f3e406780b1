import type { Conversation, Effort, Parameters, ToolChoice } from '../../conversation/types.ts'
import { isBlank } from '../answer/stop-scanner.ts'

/** Variables the CLI reads anew for each request; empty means unset. */
type LiveEnv = {
  CLAUDE_CODE_EXTRA_BODY: string
  CLAUDE_CODE_MAX_OUTPUT_TOKENS: string
  CLAUDE_CODE_DISABLE_THINKING: string
  CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE: string
}

export type CliSettings = { model: string; effortLevel: string | null; env: LiveEnv }

/** What a booted worker starts with. */
export const INITIAL_SETTINGS: CliSettings = {
  model: '',
  effortLevel: null,
  env: {
    CLAUDE_CODE_EXTRA_BODY: '',
    CLAUDE_CODE_MAX_OUTPUT_TOKENS: '',
    CLAUDE_CODE_DISABLE_THINKING: '',
    CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE: '',
  },
}

/**
 * All settings of a request, also those it does not use: what one request asked for must not hold
 * for the next on the same worker.
 */
export function toSettings(conversation: Conversation): CliSettings {
  const { model, effort, parameters } = conversation
  return {
    model,
    effortLevel: toEffortLevel(effort),
    env: {
      CLAUDE_CODE_EXTRA_BODY: toExtraBody(conversation),
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(parameters.maxTokens ?? ''),
      CLAUDE_CODE_DISABLE_THINKING: effort === 'none' ? '1' : '',
      CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE: '',
    },
  }
}

/** The same settings, with the CLI made to refuse by itself to send anything to the model, or not. */
export function withBlock(settings: CliSettings, blocks: boolean): CliSettings {
  const CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE = blocks ? '1' : ''
  return { ...settings, env: { ...settings.env, CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE } }
}

/** The part of `wanted` that is not in force yet, for `apply_flag_settings`; undefined if none. */
export function settingsDifference(
  inForce: CliSettings,
  wanted: CliSettings,
): Record<string, unknown> | undefined {
  // All of them, or the CLI goes back to what it was started with in those that are left out.
  const envChanged = Object.entries(wanted.env).some(
    ([name, value]) => value !== Object.entries(inForce.env).find(([key]) => key === name)?.[1],
  )
  const difference = {
    ...(wanted.model !== inForce.model && { model: wanted.model }),
    // The CLI keeps the last level unless told; null is the model's own default.
    ...(wanted.effortLevel !== inForce.effortLevel && { effortLevel: wanted.effortLevel }),
    ...(envChanged && { env: wanted.env }),
  }
  return Object.keys(difference).length > 0 ? difference : undefined
}

function toEffortLevel(effort: Effort | undefined): string | null {
  if (effort === undefined) return null
  return effort === 'none' ? 'low' : effort
}

/** Sampling parameters only: the CLI writes the rest of the request, and what it says stands. */
function toExtraBody({ tools, outputSchema, parameters }: Conversation): string {
  const { stopSequences = [], temperature, topP, toolChoice } = parameters
  const seen = stopSequences.filter((sequence) => !isBlank(sequence))
  // The tool by which JSON is handed in would be forbidden as well; calls are cut from the answer.
  const forbidsJson = outputSchema !== undefined && toolChoice.type === 'none'
  const body = {
    ...(tools.length > 0 && !forbidsJson && toToolChoice(parameters)),
    ...(seen.length > 0 && { stop_sequences: seen }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
  }
  return Object.keys(body).length > 0 ? JSON.stringify(body) : ''
}

const API_TYPE = {
  auto: 'auto',
  none: 'none',
  required: 'any',
  tool: 'tool',
} as const satisfies Record<ToolChoice['type'], string>

function toToolChoice({ toolChoice, parallelToolCalls, toolChoiceBy }: Parameters): object {
  if (toolChoiceBy === 'instruction') return {}
  if (toolChoice.type === 'auto' && parallelToolCalls) return {}
  const choice = {
    type: API_TYPE[toolChoice.type],
    ...(toolChoice.type === 'tool' && { name: toolChoice.name }),
    ...(!parallelToolCalls && toolChoice.type !== 'none' && { disable_parallel_tool_use: true }),
  }
  return { tool_choice: choice }
}
