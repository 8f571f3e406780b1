import { PER_TOKEN } from '../account/billing.ts'
import { cliEnvironment } from './cli-environment.ts'
import { INITIAL_SETTINGS } from '../settings/settings.ts'
import { ALLOWED_TOOLS } from '../tools/mcp-server.ts'

const WORKER_ENV = {
  // Stops the CLI from summarising a conversation, which the client would not notice.
  DISABLE_COMPACT: '1',
  // Stops the CLI from repeating a broken stream as a plain request: its answer would have to
  // continue the first.
  CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: '1',
  // Tools reach the model under the client's own names.
  CLAUDE_AGENT_SDK_MCP_NO_PREFIX: '1',
  ENABLE_TOOL_SEARCH: 'false',
  // Without this the CLI cuts descriptions of tools at 4,096 characters.
  CLAUDE_CODE_MAX_MCP_DESCRIPTION_LENGTH: '100000000',
  // Otherwise the CLI describes its own agents if a client has a tool named Agent.
  CLAUDE_AGENT_SDK_DISABLE_BUILTIN_AGENTS: '1',
  // Otherwise the CLI adds a memory file of the working directory to each conversation.
  CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
  // No requests beside the client's. Updating the CLI is left to its owner.
  DISABLE_AUTOUPDATER: '1',
  DISABLE_TELEMETRY: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
}

/**
 * Variables that change a request or make the CLI exit, found by trying 610 names with 2.1.328.
 * Their value is empty, which
 * the CLI treats as not set.
 */
export const UNSET: readonly string[] = [
  'CLAUDE_AGENT_SDK_CLIENT_APP',
  'CLAUDE_AGENT_SDK_VERSION',
  'CLAUDE_CODE_ACTION',
  'CLAUDE_CODE_COORDINATOR_MODE',
  'CLAUDE_CODE_DISABLE_ATTACHMENTS',
  'CLAUDE_CODE_EFFORT_LEVEL',
  'CLAUDE_CODE_ENABLE_FINE_GRAINED_TOOL_STREAMING',
  'CLAUDE_CODE_ENABLE_TOKEN_USAGE_ATTACHMENT',
  'CLAUDE_CODE_MAX_CONTEXT_TOKENS',
  'CLAUDE_CODE_SIMPLE',
  'CLAUDE_CODE_SUBPROCESS_ENV_SCRUB',
  'CLAUDE_CODE_TETHER_LIVE',
]

/** What may differ between the workers of two servers. */
export type WorkerChoices = {
  /** How often the CLI repeats a failed request by itself. */
  retries?: number
  /** Whether variables that bill per token are hidden from the CLI. */
  subscriptionOnly?: boolean
}

/**
 * The arguments of a worker. They keep everything of the owner's machine out (built-in tools,
 * settings, hooks, skills, plugins, MCP servers) and contain nothing of a conversation.
 */
export function workerArgs(choices: WorkerChoices = {}): string[] {
  return [
    '-p',
    ...['--input-format', 'stream-json'],
    ...['--output-format', 'stream-json'],
    '--verbose',
    '--include-partial-messages',
    ...['--tools', ''],
    '--strict-mcp-config',
    ...['--setting-sources', ''],
    ...['--settings', JSON.stringify(workerSettings(choices))],
    '--no-session-persistence',
    '--disable-slash-commands',
    ...['--allowedTools', ALLOWED_TOOLS],
  ]
}

export const WORKER_ARGS: readonly string[] = workerArgs()

/**
 * Settings for the CLI. `env` in the owner's ~/.claude.json overrides the environment of the
 * process, but not these.
 */
export function workerSettings({ retries = 0, subscriptionOnly = false }: WorkerChoices): object {
  const unset = [...UNSET, ...(subscriptionOnly ? PER_TOKEN : [])]
  return {
    // Otherwise the CLI tells the model how to sign commits if a client has a tool named Bash.
    attribution: { commit: '', pr: '' },
    env: {
      ...Object.fromEntries(unset.map((name) => [name, ''])),
      ...INITIAL_SETTINGS.env,
      ...WORKER_ENV,
      CLAUDE_CODE_MAX_RETRIES: String(retries),
    },
  }
}

/**
 * The environment of a worker: what the CLI gets of the owner's, and variables that turn off
 * everything but answers. `retries`: how often the CLI repeats a failed request by itself.
 */
export function workerEnv(
  env: Record<string, string | undefined>,
  tempDir: string,
  retries = 0,
): Record<string, string> {
  return {
    ...cliEnvironment(env),
    ...WORKER_ENV,
    CLAUDE_CODE_MAX_RETRIES: String(retries),
    CLAUDE_CODE_TMPDIR: tempDir,
  }
}
