/**
 * How a worker is started: nothing of the owner's machine gets in (no built-in tools, settings,
 * hooks, skills, plugins, MCP servers), and nothing of a conversation travels in argv.
 */
export const WORKER_ARGS: readonly string[] = [
  '-p',
  ...['--input-format', 'stream-json'],
  ...['--output-format', 'stream-json'],
  '--verbose',
  '--include-partial-messages',
  ...['--tools', ''],
  '--strict-mcp-config',
  ...['--setting-sources', ''],
  // With a client's tool named Bash, the CLI would tell the model how to sign commits.
  ...['--settings', '{"attribution":{"commit":"","pr":""}}'],
  '--no-session-persistence',
  '--disable-slash-commands',
  // Grants every tool of the client, whatever its name; without it each call is refused locally.
  ...['--allowedTools', 'mcp__client'],
]

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
  // One request per turn and nothing beside it; the owner updates the CLI, not a worker.
  DISABLE_AUTOUPDATER: '1',
  DISABLE_TELEMETRY: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
}

/**
 * Ours (a key among them), and what a surrounding CLI session would tell a nested one. The last
 * would let the environment rewrite requests.
 */
const DROPPED =
  /^(CLAUDE_MAX_API_.*|CLAUDECODE|CLAUDE_CODE_ENTRYPOINT|CLAUDE_CODE_SSE_PORT|CLAUDE_CODE_EXTRA_BODY)$/

/**
 * The worker's environment: the owner's, less what is ours, plus what keeps a worker quiet.
 * `retries`: how often the CLI asks again by itself; most clients do, too.
 */
export function workerEnv(
  env: Record<string, string | undefined>,
  tempDir: string,
  retries = 0,
): Record<string, string> {
  const handedOn = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !DROPPED.test(entry[0]),
  )
  return {
    ...Object.fromEntries(handedOn),
    ...WORKER_ENV,
    CLAUDE_CODE_MAX_RETRIES: String(retries),
    CLAUDE_CODE_TMPDIR: tempDir,
  }
}
