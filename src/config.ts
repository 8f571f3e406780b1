import { z } from 'zod'
import { expandHome } from './platform/directories.ts'
import { SETTINGS, type SettingName } from './settings.ts'
import { suggestion } from './suggest.ts'

const ENV_PREFIX = 'CLAUDE_MAX_API_'
export const CONFIG_ENV = `${ENV_PREFIX}CONFIG`

const Config = z.strictObject(SETTINGS)
export type Config = z.output<typeof Config>

/** A setting that cannot be used. The message names the setting and where it was given. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export type ConfigSources = {
  flags?: Record<string, unknown>
  env?: Record<string, string | undefined>
  /** Keys and values of the configuration file. */
  file?: Record<string, unknown>
}

/**
 * A setting as it was given: `place` is its priority (0 is highest), `as` its name in that place.
 */
type Given = { value: unknown; place: number; as: string }

/**
 * Combines flags, environment, file and defaults, in this order of priority. An unknown key is an
 * error.
 */
export function resolveConfig({ flags = {}, env = {}, file = {} }: ConfigSources): Config {
  const given = new Map<string, Given>()
  const take = (name: string, found: Given) => {
    if (!(name in SETTINGS)) throw unknown(found.as, name)
    if (isEmpty(found.value)) throw new ConfigError(`${found.as}: it is empty. ${REMEDY}`)
    given.set(name, found)
  }
  for (const [name, value] of Object.entries(file))
    take(name, { value, place: 2, as: inFile(name) })
  for (const [as, value] of ourVariables(env)) take(settingName(as), { value, place: 1, as })
  for (const [name, value] of Object.entries(flags)) {
    if (value !== undefined) take(name, { value, place: 0, as: `--${name}` })
  }
  settleContradictions(given)

  const values = Object.fromEntries([...given].map(([name, { value }]) => [name, value]))
  const parsed = Config.safeParse(values)
  if (parsed.success) return checked(parsed.data, given, env)
  const [issue] = parsed.error.issues
  const found = given.get(String(issue?.path[0]))
  throw new ConfigError(
    `${found?.as}: ${issue?.message}${shown(found)}. See claude-max-api --help.`,
  )
}

const REMEDY = 'Give it a value, or leave it out.'

/** An empty value is an error, because somebody meant to fill it: an API key, for example. */
function isEmpty(value: unknown): boolean {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  return values.some((item) => typeof item === 'string' && item.trim() === '')
}

/** The refused value for the message, unless it is a key. */
function shown(found: Given | undefined): string {
  if (found === undefined || /api.key/i.test(found.as)) return ''
  const text = JSON.stringify(found.value) ?? String(found.value)
  return `, not ${text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100)}`
}

function unknown(as: string, name: string): ConfigError {
  const names = Object.keys(SETTINGS)
  const hint = as.startsWith(ENV_PREFIX)
    ? suggestion(as, names.map(envName))
    : suggestion(name, names)
  const where = as.startsWith(ENV_PREFIX) ? `${as} in the environment` : `'${name}'`
  return new ConfigError(`Unknown setting ${where}.${hint} See claude-max-api --help.`)
}

/** Settings that make others useless. */
const CONTRADICTIONS: readonly [SettingName, readonly SettingName[]][] = [
  ['listen', ['port', 'host']],
  ['demo', ['data-dir']],
]

/**
 * Of two contradicting settings, the one with the higher priority wins. With equal priority it is
 * an error.
 */
function settleContradictions(given: Map<string, Given>): void {
  for (const [name, others] of CONTRADICTIONS) {
    for (const other of others) {
      const [one, two] = [given.get(name), given.get(other)]
      if (!one || !two || isOff(one.value)) continue
      // A demo that was asked for never becomes a real, billed server.
      if (one.place === two.place || (name === 'demo' && two.place < one.place)) {
        throw new ConfigError(`${one.as} and ${two.as} contradict each other. Leave one out.`)
      }
      given.delete(one.place < two.place ? other : name)
    }
  }
}

const isOff = (value: unknown) => ['false', '0', 'no', 'off'].includes(String(value).toLowerCase())

function checked(config: Config, given: Map<string, Given>, env: ConfigSources['env'] = {}) {
  const { host, listen, claude, 'max-workers': max, 'warm-workers': warm } = config
  if (listen === undefined && !isLoopback(host) && config['api-key'].length === 0) {
    throw new ConfigError(
      `--host ${host} lets other machines in, so it needs a key: add --api-key <key>.`,
    )
  }
  const warmGiven = given.get('warm-workers')
  if (warmGiven && warm > max) {
    throw new ConfigError(
      `${warmGiven.as}: ${warm} is more than --max-workers (${max}). Lower it, or raise --max-workers.`,
    )
  }
  const at = (path: string | undefined) => (path === undefined ? path : expandHome(path, env))
  return {
    ...config,
    ...{ claude: at(claude), listen: at(listen), 'data-dir': at(config['data-dir']) },
    'warm-workers': Math.min(warm, max),
  }
}

export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host)
}

export function envName(name: string): string {
  return ENV_PREFIX + name.toUpperCase().replaceAll('-', '_')
}

const settingName = (variable: string) =>
  variable.slice(ENV_PREFIX.length).toLowerCase().replaceAll('_', '-')

const inFile = (name: string) => `'${name}' (file)`

function ourVariables(env: Record<string, string | undefined>): [string, string][] {
  return Object.entries(env).flatMap(([key, value]): [string, string][] =>
    key.startsWith(ENV_PREFIX) && key !== CONFIG_ENV && value !== undefined ? [[key, value]] : [],
  )
}
