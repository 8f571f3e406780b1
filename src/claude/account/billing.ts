/** A key or token that the CLI prefers to the subscription login (measured on 2.1.328). */
const CREDENTIALS = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN']

/** Each makes the CLI send requests to a cloud, which bills them itself. */
const CLOUD_SWITCHES = [
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_MANTLE',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
  'CLAUDE_CODE_USE_ANTHROPIC_AWS',
  'CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD',
]

/**
 * Each selects a Console organization. They win over a stored claude.ai login, not over an OAuth
 * token.
 */
const CONSOLE_PROFILES = ['ANTHROPIC_PROFILE', 'ANTHROPIC_FEDERATION_RULE_ID']

/**
 * Every variable that causes per-token billing. Custom headers are checked apart: only a key in
 * them does.
 */
export const PER_TOKEN: readonly string[] = [...CREDENTIALS, ...CLOUD_SWITCHES, ...CONSOLE_PROFILES]

const CUSTOM_HEADERS = 'ANTHROPIC_CUSTOM_HEADERS'

/** The values that the CLI reads as "on"; any other leaves a switch off. */
const YES = new Set(['1', 'true', 'yes', 'on'])

/**
 * The names of the variables that are set and cause per-token billing instead of the subscription.
 * Names only, because the values are secrets.
 */
export function perTokenBilling(env: NodeJS.ProcessEnv): string[] {
  const isSet = (name: string) => Boolean(env[name])
  const isOn = (name: string) => YES.has((env[name] ?? '').trim().toLowerCase())
  return [
    ...CREDENTIALS.filter(isSet),
    ...CLOUD_SWITCHES.filter(isOn),
    ...(isSet('CLAUDE_CODE_OAUTH_TOKEN') ? [] : CONSOLE_PROFILES.filter(isSet)),
    ...(carriesCredential(env[CUSTOM_HEADERS]) ? [CUSTOM_HEADERS] : []),
  ]
}

/** A copy for the CLI without those variables, so that only the subscription can be billed. */
export function withoutPerTokenBilling(env: NodeJS.ProcessEnv): Record<string, string> {
  const removed = new Set(PER_TOKEN)
  if (carriesCredential(env[CUSTOM_HEADERS])) removed.add(CUSTOM_HEADERS)

  const copy: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !removed.has(name)) copy[name] = value
  }
  return copy
}

/**
 * The CLI sends these headers, one per line, with each request. An API key among them is used for
 * billing.
 */
function carriesCredential(headers = ''): boolean {
  return /^\s*(x-api-key|authorization)\s*:/im.test(headers)
}
