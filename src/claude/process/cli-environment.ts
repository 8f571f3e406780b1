import { isAbsolute } from 'node:path'
import type { Env } from '../../platform/directories.ts'

/**
 * The CLI's own variables that it may have: they select the login, the provider and the network.
 * There are hundreds more, many of which change what the model is sent, and new versions add
 * others. So a variable that is not listed here is not passed on.
 */
const OWNERS_CHOICE = [
  /^CLAUDE_(SECURESTORAGE_)?CONFIG_DIR$/,
  /^CLAUDE_CODE_OAUTH_(TOKEN|REFRESH_TOKEN|SCOPES|CLIENT_ID)$/,
  /^CLAUDE_CODE_API_KEY_HELPER_TTL_MS$/,
  /^CLAUDE_CODE_USE_(BEDROCK|MANTLE|VERTEX|FOUNDRY|ANTHROPIC_AWS|ANTHROPIC_GOOGLE_CLOUD|GATEWAY)$/,
  /^CLAUDE_CODE_SKIP_\w+_AUTH$/,
  /^CLAUDE_CODE_GATEWAY_TOKEN$/,
  /^CLAUDE_CODE_(CLIENT_CERT|CLIENT_KEY|CLIENT_KEY_PASSPHRASE|CERT_STORE)$/,
  /^CLAUDE_CODE_(HTTPS?_PROXY|PROXY_RESOLVES_HOSTS)$/,
  /^CLAUDE_CODE_(ENABLE_PROXY_AUTH_HELPER|PROXY_AUTH_HELPER_TTL_MS)$/,
  // For gateways that refuse unknown beta features.
  /^CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS$/,
  // On Windows the CLI does not start without it if Git is in an unusual place.
  /^CLAUDE_CODE_GIT_BASH_PATH$/,
]

/**
 * Variables that are not only the CLI's, but that would reach the model or a file, or make the CLI
 * exit.
 */
const DROPPED = [
  // The CLI tells the model the path of the login shell, which may contain the owner's name.
  /^SHELL$/,
  /^(MAX_THINKING_TOKENS|MAX_MCP_OUTPUT_TOKENS|MAX_STRUCTURED_OUTPUT_RETRIES|MCP_\w+)$/,
  // They make the CLI log what it does to its files or its output.
  /^(DEBUG|ANTHROPIC_LOG)$/,
  // Set in a Node cluster such as pm2's: the CLI takes itself for a part of it and exits.
  /^NODE_(UNIQUE_ID|CHANNEL_\w+)$/,
]

/** The part of the owner's environment that the CLI gets. Empty variables are left out. */
export function cliEnvironment(env: Env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => Boolean(entry[1]) && isHandedOn(entry[0], entry[1]),
    ),
  )
}

function isHandedOn(name: string, value = ''): boolean {
  if (name.startsWith('CLAUDE')) return OWNERS_CHOICE.some((pattern) => pattern.test(name))
  // The XDG specification says to ignore a relative path; the CLI would use the working directory.
  if (name.startsWith('XDG_') && /_(HOME|DIR)$/.test(name)) return isAbsolute(value)
  return !DROPPED.some((pattern) => pattern.test(name))
}
