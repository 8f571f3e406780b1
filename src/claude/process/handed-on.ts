import { isAbsolute } from 'node:path'
import type { Env } from '../../platform/directories.ts'

/**
 * Of the CLI's own variables, those that say whose login it uses, which provider bills, and how the
 * network is reached. There are hundreds more, of which many change what a model is sent; new
 * versions bring others. So whatever is not named here is not handed on.
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
  // For gateways that refuse what they do not know.
  /^CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS$/,
  // Without it the CLI does not start on a Windows that has Git in an unusual place.
  /^CLAUDE_CODE_GIT_BASH_PATH$/,
]

/** Names that are not the CLI's alone, and would reach the model, a file, or end the CLI. */
const DROPPED = [
  // The path of the login shell is told to the model; in a home it names its owner.
  /^SHELL$/,
  /^(MAX_THINKING_TOKENS|MAX_MCP_OUTPUT_TOKENS|MAX_STRUCTURED_OUTPUT_RETRIES|MCP_\w+)$/,
  // They make the CLI write what it does to its files or its output.
  /^(DEBUG|ANTHROPIC_LOG)$/,
  // Of a Node cluster, such as pm2's: the CLI takes itself for a part of it and ends.
  /^NODE_(UNIQUE_ID|CHANNEL_\w+)$/,
]

/** The owner's environment as far as the CLI gets it. Empty is unset. */
export function handedOn(env: Env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => Boolean(entry[1]) && isHandedOn(entry[0], entry[1]),
    ),
  )
}

function isHandedOn(name: string, value = ''): boolean {
  if (name.startsWith('CLAUDE')) return OWNERS_CHOICE.some((pattern) => pattern.test(name))
  // By the XDG specification a relative path is to be ignored; the CLI would take the working directory.
  if (name.startsWith('XDG_') && /_(HOME|DIR)$/.test(name)) return isAbsolute(value)
  return !DROPPED.some((pattern) => pattern.test(name))
}
