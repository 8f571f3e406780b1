import { z } from 'zod'
import { TurnError } from '../../errors.ts'
import { workerSettings } from '../process/arguments.ts'
import { perTokenBilling } from './billing.ts'
import { runOnce } from '../install/run-once.ts'

/** `claude auth status` takes 0.2 to 1 s. */
const STATUS_TIMEOUT_MS = 15_000

/**
 * Unknown fields are allowed, and fields that differ between versions are optional: the
 * format is the CLI's and may change.
 */
const AuthStatus = z.looseObject({
  loggedIn: z.boolean(),
  authMethod: z.string(),
  apiProvider: z.string(),
  apiKeySource: z.string().nullish(),
  subscriptionType: z.string().nullish(),
})

const OAUTH_TOKEN = 'CLAUDE_CODE_OAUTH_TOKEN'

type Billing = 'subscription' | 'per_token' | 'none'

export type Account = {
  loggedIn: boolean
  /** As the CLI reports it: claude.ai, oauth_token, api_key, api_key_helper, third_party, none. */
  method: string
  /** As the CLI reports it: firstParty, bedrock, vertex, foundry, ... */
  provider: string
  billing: Billing
  /** The plan of a claude.ai login: pro, max, team, ... */
  plan: string | undefined
  /** Where the key or token comes from: a variable's name, or the CLI's name for another place. */
  source: string | undefined
}

export type AccountOptions = {
  timeoutMs?: number
  /** Whether per-token billing is hidden from the workers, so that it must not be reported here. */
  subscriptionOnly?: boolean
}

/**
 * Asks the CLI who it is logged in as. Credential files are never read. An expired or revoked login
 * still counts as logged in; it shows at the first request.
 */
export async function readAccount(
  path: string,
  env: NodeJS.ProcessEnv,
  { timeoutMs = STATUS_TIMEOUT_MS, subscriptionOnly = false }: AccountOptions = {},
): Promise<Account> {
  // Workers run without settings files, so a key named in such a file must not count here.
  const settings = JSON.stringify(workerSettings({ subscriptionOnly }))
  const args = ['--setting-sources', '', '--settings', settings, 'auth', 'status']
  const { code, stdout } = await runOnce({ path, args, env, timeoutMs })
  const status = AuthStatus.safeParse(parseJson(stdout))
  // Exit code 1 is the answer "not logged in", with the same JSON.
  if (status.success) return toAccount(status.data, env)
  throw new TurnError(
    'worker',
    `\`${path} auth status\` gave an answer that cannot be read (exit code ${code}). ` +
      'Run it in a terminal to see why.',
    { cause: status.error },
  )
}

const PROVIDERS: Record<string, string> = {
  bedrock: 'Amazon Bedrock',
  mantle: 'Amazon Bedrock (Mantle)',
  vertex: 'Google Vertex AI',
  foundry: 'Microsoft Foundry',
  anthropicAws: 'Claude Platform on AWS',
  anthropicGoogleCloud: 'Claude Platform on Google Cloud',
  gateway: 'a cloud gateway',
}

/**
 * One line for the start-up banner and `doctor`. Holds no name, address or secret. `login` is the
 * command that logs in.
 */
export function describeAccount(account: Account, login = 'claude auth login'): string {
  const { method, provider, plan, source } = account
  const from = source === undefined ? '' : ` from ${source}`
  switch (account.billing) {
    case 'none':
      return `not logged in: run \`${login}\``
    case 'subscription':
      return `logged in with a Claude subscription${plan === undefined ? from : ` (${plan})`}`
    case 'per_token':
      if (provider !== 'firstParty') return `${PROVIDERS[provider] ?? provider}, billed per token`
      return `${method.startsWith('api_key') ? 'API key' : 'token'}${from}, billed per token`
    default:
      return account.billing satisfies never
  }
}

function toAccount(status: z.infer<typeof AuthStatus>, env: NodeJS.ProcessEnv): Account {
  const { loggedIn, authMethod, apiProvider, apiKeySource, subscriptionType } = status
  const source = apiKeySource ?? sourceOf(authMethod, env)
  return {
    loggedIn,
    method: authMethod,
    provider: apiProvider,
    billing: loggedIn ? toBilling(authMethod, source) : 'none',
    plan: subscriptionType ?? undefined,
    source,
  }
}

/** The CLI says `oauth_token` for a subscription's token and for any other bearer token alike. */
function sourceOf(method: string, env: NodeJS.ProcessEnv): string | undefined {
  if (method !== 'oauth_token') return undefined
  return perTokenBilling(env)[0] ?? (env[OAUTH_TOKEN] ? OAUTH_TOKEN : undefined)
}

function toBilling(method: string, source: string | undefined): Billing {
  if (method === 'claude.ai') return 'subscription'
  // A token of unknown source is a Console profile on disk.
  return method === 'oauth_token' && source === OAUTH_TOKEN ? 'subscription' : 'per_token'
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The schema check below reports this, together with every other unexpected answer.
    return undefined
  }
}
