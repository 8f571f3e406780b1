import { homedir } from 'node:os'
import { join } from 'node:path'
import { parse as parseToml, TomlError } from 'smol-toml'
import { z } from 'zod'
import { LOG_FORMATS, LOG_LEVELS } from './log.ts'

const ENV_PREFIX = 'CLAUDE_MAX_API_'

/** `250ms`, `30s`, `10m`, `1h` as milliseconds; a bare number is refused for want of a unit. */
const duration = z.string().transform((text, context) => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim())
  if (!match) {
    context.addIssue({ code: 'custom', message: 'expected a duration such as 30s, 10m or 1h' })
    return z.NEVER
  }
  const [, amount = '', unit = 'ms'] = match
  return Math.max(1, Number(amount) * (UNIT_MS[unit] ?? 1))
})
const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

const integer = (min: number, max: number) => z.coerce.number().int().min(min).max(max)

/** Environment variables and the file's plain strings say several with commas. */
const list = z
  .union([z.string().transform((text) => text.split(',')), z.array(z.string())])
  .transform((items) => items.map((item) => item.trim()).filter((item) => item !== ''))

const flag = z.union([z.boolean(), z.stringbool()])

const alias = list.transform((items, context) => {
  const pairs = items.map((item) => item.split('='))
  if (pairs.some((pair) => pair.length !== 2 || pair.includes(''))) {
    context.addIssue({ code: 'custom', message: 'expected name=model, such as gpt-4o=sonnet' })
    return z.NEVER
  }
  return Object.fromEntries(pairs.map(([name = '', model = '']) => [name.trim(), model.trim()]))
})

type Setting = { schema: z.ZodType; hint: string; help: string; repeatable?: true }

/**
 * Every setting, once: flag `--max-workers`, environment `CLAUDE_MAX_API_MAX_WORKERS`, file key
 * `max-workers`. Help and README are made from this table.
 */
export const SETTINGS = {
  port: {
    schema: integer(0, 65_535).default(3456),
    hint: '<port>',
    help: 'port to listen on; 0 takes any free one',
  },
  host: {
    schema: z.string().min(1).default('127.0.0.1'),
    hint: '<address>',
    help: 'address to listen on; one that is not loopback needs --api-key',
  },
  claude: {
    schema: z.string().min(1).optional(),
    hint: '<path>',
    help: 'the claude CLI (default: found on PATH, then in the usual install places)',
  },
  'max-workers': {
    schema: integer(1, 256).default(8),
    hint: '<n>',
    help: 'CLI processes at most, all states together',
  },
  'warm-workers': {
    schema: integer(0, 256).default(2),
    hint: '<n>',
    help: 'CLI processes kept booted for requests to come',
  },
  'max-queue': {
    schema: integer(0, 100_000).default(64),
    hint: '<n>',
    help: 'requests that may wait for a worker; more get 429',
  },
  'idle-ttl': {
    schema: duration.default(300_000),
    hint: '<duration>',
    help: 'how long a finished conversation keeps its worker (default 5m)',
  },
  'park-ttl': {
    schema: duration.default(600_000),
    hint: '<duration>',
    help: 'how long a tool call keeps its worker waiting for the result (default 10m)',
  },
  'request-timeout': {
    schema: duration.default(600_000),
    hint: '<duration>',
    help: 'no event from the CLI for this long ends the turn (default 10m)',
  },
  'drain-timeout': {
    schema: duration.default(10_000),
    hint: '<duration>',
    help: 'on SIGTERM or Ctrl-C, how long running answers may take to finish (default 10s)',
  },
  'api-key': {
    schema: list.default([]),
    hint: '<key>',
    help: 'required bearer key',
    repeatable: true,
  },
  'allow-origin': {
    schema: list.default([]),
    hint: '<origin>',
    help: 'browser origin let in, such as http://localhost:8080',
    repeatable: true,
  },
  'model-alias': {
    schema: alias.default({}),
    hint: '<name=model>',
    help: 'extra model name, such as gpt-4o=sonnet',
    repeatable: true,
  },
  reasoning: {
    schema: z.enum(['summarized', 'off']).default('summarized'),
    hint: '<mode>',
    help: 'summarized: thinking is streamed as reasoning_content; off: it is left out',
  },
  sampling: {
    schema: z.enum(['ignore', 'forward']).default('ignore'),
    hint: '<mode>',
    help: 'what becomes of temperature and top_p: ignore or forward',
  },
  'strict-parameters': {
    schema: flag.default(false),
    hint: '',
    help: 'refuse with 400 what is otherwise ignored',
  },
  'subscription-only': {
    schema: flag.default(false),
    hint: '',
    help: 'hide from the CLI the environment variables that bill per token',
  },
  'log-level': {
    schema: z.enum(LOG_LEVELS).default('info'),
    hint: '<level>',
    help: LOG_LEVELS.join(', '),
  },
  'log-format': {
    schema: z.enum(LOG_FORMATS).default('auto'),
    hint: '<format>',
    help: 'auto, text or json; auto is text on a terminal and JSON lines otherwise',
  },
  demo: {
    schema: flag.default(false),
    hint: '',
    help: 'answer from a built-in scripted model API: no login, no cost, no model',
  },
} as const satisfies Record<string, Setting>

type SettingName = keyof typeof SETTINGS

const Config = z.strictObject(
  Object.fromEntries(Object.entries(SETTINGS).map(([name, { schema }]) => [name, schema])) as {
    [Name in SettingName]: (typeof SETTINGS)[Name]['schema']
  },
)
export type Config = z.output<typeof Config>

/** A setting that cannot be used; the message names it and its source. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export type ConfigSources = {
  flags?: Record<string, unknown>
  env?: Record<string, string | undefined>
  /** Keys and values of the configuration file. */
  file?: Record<string, unknown>
}

/** Flags before environment before file before defaults; an unknown key is an error. */
export function resolveConfig({ flags = {}, env = {}, file = {} }: ConfigSources): Config {
  const fromEnv = envSettings(env)
  const parsed = Config.safeParse({ ...file, ...fromEnv, ...flags })
  if (parsed.success) return checked(parsed.data)
  const [issue] = parsed.error.issues
  if (issue?.code === 'unrecognized_keys') {
    throw new ConfigError(`Unknown setting '${issue.keys[0]}'. See claude-max-api --help.`)
  }
  const name = String(issue?.path[0] ?? '')
  const source = name in flags ? `--${name}` : name in fromEnv ? envName(name) : `'${name}' (file)`
  throw new ConfigError(`${source}: ${issue?.message}. See claude-max-api --help.`)
}

function checked(config: Config): Config {
  if (!isLoopback(config.host) && config['api-key'].length === 0) {
    throw new ConfigError(
      `--host ${config.host} lets other machines in, so it needs a key: add --api-key <key>.`,
    )
  }
  if (config['warm-workers'] > config['max-workers']) {
    return { ...config, 'warm-workers': config['max-workers'] }
  }
  return config
}

export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host)
}

export function envName(name: string): string {
  return ENV_PREFIX + name.toUpperCase().replaceAll('-', '_')
}

function envSettings(env: Record<string, string | undefined>): Record<string, string> {
  const entries = Object.entries(env).flatMap(([key, value]) => {
    if (!key.startsWith(ENV_PREFIX) || key === CONFIG_ENV || value === undefined) return []
    const name = key.slice(ENV_PREFIX.length).toLowerCase().replaceAll('_', '-')
    if (!(name in SETTINGS)) throw new ConfigError(`Unknown setting ${key} in the environment.`)
    return [[name, value] as const]
  })
  return Object.fromEntries(entries)
}

export const CONFIG_ENV = `${ENV_PREFIX}CONFIG`

/**
 * Reads the TOML file named by `--config` or CLAUDE_MAX_API_CONFIG, which must exist, or the one
 * in the user's configuration directory, which may.
 */
export async function readConfigFile(
  named: string | undefined,
  env: Record<string, string | undefined>,
): Promise<Record<string, unknown>> {
  const home = env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? homedir(), '.config')
  const path = named ?? env[CONFIG_ENV] ?? join(home, 'claude-max-api', 'config.toml')
  const file = Bun.file(path)
  if (!(await file.exists())) {
    if (path === (named ?? env[CONFIG_ENV])) throw new ConfigError(`There is no file ${path}.`)
    return {}
  }
  try {
    return parseToml(await file.text())
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    throw new ConfigError(`${path} is not valid TOML: ${error.message}`)
  }
}
