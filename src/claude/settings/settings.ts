import type { Conversation, Effort, Parameters, ToolChoice } from '../../conversation/types.ts'
import { isBlank } from '../answer/stops/stop-scanner.ts'

/** Variables that the CLI reads for each request; empty means not set. */
type LiveEnv = {
  CLAUDE_CODE_EXTRA_BODY: string
  CLAUDE_CODE_MAX_OUTPUT_TOKENS: string
  CLAUDE_CODE_DISABLE_THINKING: string
  CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE: string
}

export type CliSettings = { model: string; effortLevel: string | null; env: LiveEnv }

/** The settings with which a worker starts. */
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
 * All settings of a request, also those that it leaves out: a setting of one request must not apply
 * to the next one on the same worker.
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

/**
 * The same settings, with or without the one that makes the CLI refuse to send anything to the
 * model.
 */
export function withBlock(settings: CliSettings, blocks: boolean): CliSettings {
  const CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE = blocks ? '1' : ''
  return { ...settings, env: { ...settings.env, CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE } }
}

/**
 * The part of `wanted` that is not in force yet, for `apply_flag_settings`; undefined if there is
 * none.
 */
export function settingsDifference(
  inForce: CliSettings,
  wanted: CliSettings,
): Record<string, unknown> | undefined {
  // All variables, because the CLI resets those that are left out.
  const envChanged = Object.entries(wanted.env).some(
    ([name, value]) => value !== Object.entries(inForce.env).find(([key]) => key === name)?.[1],
  )
  const difference = {
    ...(wanted.model !== inForce.model && { model: wanted.model }),
    // The CLI keeps the last level unless told otherwise; null means the model's default.
    ...(wanted.effortLevel !== inForce.effortLevel && { effortLevel: wanted.effortLevel }),
    ...(envChanged && { env: wanted.env }),
  }
  return Object.keys(difference).length > 0 ? difference : undefined
}

function toEffortLevel(effort: Effort | undefined): string | null {
  if (effort === undefined) return null
  return effort === 'none' ? 'low' : effort
}

/** Sampling parameters only. Everything else in the request body is written by the CLI. */
function toExtraBody({ tools, outputSchema, parameters }: Conversation): string {
  const { stopSequences = [], temperature, topP, toolChoice } = parameters
  const seen = stopSequences.filter((sequence) => !isBlank(sequence))
  // The tool for JSON answers would be forbidden, too. So calls are removed from the answer
  // instead.
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
