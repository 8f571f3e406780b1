import { PER_TOKEN } from '../account/billing.ts'
import { handedOn } from './handed-on.ts'
import { INITIAL_SETTINGS } from '../settings/settings.ts'

const WORKER_ENV = {
  // A conversation is never summarised or rewritten behind the client's back.
  DISABLE_COMPACT: '1',
  // The second answer to a request that broke off would have to continue the first.
  CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: '1',
  // Tools reach the model under the names the client's prompts use.
  CLAUDE_AGENT_SDK_MCP_NO_PREFIX: '1',
  ENABLE_TOOL_SEARCH: 'false',
  // Without this the CLI cuts descriptions of tools at 4,096 characters.
  CLAUDE_CODE_MAX_MCP_DESCRIPTION_LENGTH: '100000000',
  // With a client's tool named Agent, the CLI would describe its own agents.
  CLAUDE_AGENT_SDK_DISABLE_BUILTIN_AGENTS: '1',
  // It would put a file that it keeps for the working directory before each conversation.
  CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
  // One request per turn and nothing beside it; the owner updates the CLI, not a worker.
  DISABLE_AUTOUPDATER: '1',
  DISABLE_TELEMETRY: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
}

/** What changes a request or ends the CLI: of 610 names tried with 2.1.328, these. Empty is unset. */
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
  /** How often the CLI asks again by itself; most clients do, too. */
  retries?: number
  /** Whether what bills per token is kept from the CLI. */
  subscriptionOnly?: boolean
}

/**
 * How a worker is started: nothing of the owner's machine gets in (no built-in tools, settings,
 * hooks, skills, plugins, MCP servers), and nothing of a conversation travels in argv.
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
    // Grants every tool of the client, whatever its name; without it each call is refused locally.
    ...['--allowedTools', 'mcp__client'],
  ]
}

export const WORKER_ARGS: readonly string[] = workerArgs()

/** `env` in the owner's ~/.claude.json overrides the environment of the process, but not these. */
export function workerSettings({ retries = 0, subscriptionOnly = false }: WorkerChoices): object {
  const unset = [...UNSET, ...(subscriptionOnly ? PER_TOKEN : [])]
  return {
    // With a client's tool named Bash, the CLI would tell the model how to sign commits.
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
 * The worker's environment: what the CLI gets of the owner's, and what keeps a worker quiet.
 * `retries`: how often the CLI asks again by itself; most clients do, too.
 */
export function workerEnv(
  env: Record<string, string | undefined>,
  tempDir: string,
  retries = 0,
): Record<string, string> {
  return {
    ...handedOn(env),
    ...WORKER_ENV,
    CLAUDE_CODE_MAX_RETRIES: String(retries),
    CLAUDE_CODE_TMPDIR: tempDir,
  }
}
