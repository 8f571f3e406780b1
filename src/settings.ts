import { z } from 'zod'
import { LOG_FORMATS, LOG_LEVELS } from './log.ts'

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** `250ms`, `30s`, `10m`, `1h`, `30d` as milliseconds; a bare number is refused for want of a unit. */
const duration = z.string().transform((text, context) => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim())
  if (!match) {
    context.addIssue({ code: 'custom', message: 'expected a duration such as 30s, 10m or 30d' })
    return z.NEVER
  }
  const [, amount = '', unit = 'ms'] = match
  return Math.max(1, Number(amount) * (UNIT_MS[unit] ?? 1))
})

const integer = (min: number, max: number) => z.coerce.number().int().min(min).max(max)

/** Environment variables and the file's plain strings say several with commas. */
const list = z
  .union([z.string().transform((text) => text.split(',')), z.array(z.string())])
  .transform((items) => items.map((item) => item.trim()).filter((item) => item !== ''))

/** `unix:/path/of.sock` as the path. */
const socket = z
  .string()
  .regex(/^unix:\/./, 'expected unix: and an absolute path')
  .transform((text) => text.slice('unix:'.length))

const flag = z.union([z.boolean(), z.stringbool()])

const alias = list.transform((items, context) => {
  const pairs = items.map((item) => item.split('='))
  if (pairs.some((pair) => pair.length !== 2 || pair.includes(''))) {
    context.addIssue({ code: 'custom', message: 'expected name=model, such as gpt-4o=sonnet' })
    return z.NEVER
  }
  return Object.fromEntries(pairs.map(([name = '', model = '']) => [name.trim(), model.trim()]))
})

/** Every setting by its one name, as it is read; `HELP` says what each means. */
export const SETTINGS = {
  port: integer(0, 65_535).default(3456),
  listen: socket.optional(),
  host: z.string().min(1).default('127.0.0.1'),
  claude: z.string().min(1).optional(),
  'max-workers': integer(1, 256).default(8),
  'warm-workers': integer(0, 256).default(2),
  'max-queue': integer(0, 100_000).default(64),
  'idle-ttl': duration.prefault('5m'),
  'park-ttl': duration.prefault('10m'),
  'queue-timeout': duration.prefault('2m'),
  'first-event-timeout': duration.prefault('6m'),
  'request-timeout': duration.prefault('10m'),
  'turn-timeout': duration.prefault('1h'),
  'upstream-retries': integer(0, 10).default(0),
  'key-limit': integer(0, 10_000).default(0),
  'drain-timeout': duration.prefault('10s'),
  'api-key': list.default([]),
  'allow-origin': list.default([]),
  'model-alias': alias.default({}),
  'data-dir': z.string().min(1).optional(),
  'response-retention': duration.prefault('30d'),
  reasoning: z.enum(['summarized', 'off']).default('summarized'),
  sampling: z.enum(['ignore', 'forward']).default('ignore'),
  'strict-parameters': flag.default(false),
  'subscription-only': flag.default(false),
  'log-level': z.enum(LOG_LEVELS).default('info'),
  'log-format': z.enum(LOG_FORMATS).default('auto'),
  'log-bodies': flag.default(false),
  demo: flag.default(false),
} as const

export type SettingName = keyof typeof SETTINGS

export type SettingHelp = {
  /** What stands behind the flag; empty for a switch. */
  hint: string
  text: string
  /** The default, as a person would write it. */
  byDefault: string
  repeatable?: true
}

/** `--help` and the README's table are made from this. */
export const HELP: Readonly<Record<SettingName, SettingHelp>> = {
  port: { hint: '<port>', text: 'port to listen on; 0 takes any free one', byDefault: '3456' },
  listen: {
    hint: '<unix:/path>',
    text: 'a Unix socket to listen on instead of a port; only you can open it',
    byDefault: 'none',
  },
  host: {
    hint: '<address>',
    text: 'address to listen on; one that is not loopback needs --api-key',
    byDefault: '127.0.0.1',
  },
  claude: {
    hint: '<path>',
    text: 'the claude CLI',
    byDefault: 'found on PATH, then in the usual install places',
  },
  'max-workers': {
    hint: '<n>',
    text: 'CLI processes at most, all states together',
    byDefault: '8',
  },
  'warm-workers': {
    hint: '<n>',
    text: 'CLI processes kept booted for requests to come; at most as many more for likely ones, and more still for a minute after a burst; 0: none ahead',
    byDefault: '2',
  },
  'max-queue': {
    hint: '<n>',
    text: 'requests that may wait for a worker; more get 429',
    byDefault: '64',
  },
  'idle-ttl': {
    hint: '<duration>',
    text: 'how long a finished conversation keeps its worker',
    byDefault: '5m',
  },
  'park-ttl': {
    hint: '<duration>',
    text: 'how long a tool call keeps its worker waiting for the result',
    byDefault: '10m',
  },
  'queue-timeout': {
    hint: '<duration>',
    text: 'how long a request may wait for a worker',
    byDefault: '2m',
  },
  'first-event-timeout': {
    hint: '<duration>',
    text: 'how long an answer may take to begin',
    byDefault: '6m',
  },
  'request-timeout': {
    hint: '<duration>',
    text: 'no event from the CLI for this long ends the turn',
    byDefault: '10m',
  },
  'turn-timeout': {
    hint: '<duration>',
    text: 'how long an answer may take from beginning to end',
    byDefault: '1h',
  },
  'upstream-retries': {
    hint: '<n>',
    text: 'how often the CLI asks again by itself after a failure; most clients do, too',
    byDefault: '0',
  },
  'key-limit': {
    hint: '<n>',
    text: 'requests at a time for each --api-key; 0 for no limit',
    byDefault: '0',
  },
  'drain-timeout': {
    hint: '<duration>',
    text: 'on SIGTERM or Ctrl-C, how long running answers may take to finish',
    byDefault: '10s',
  },
  'api-key': { hint: '<key>', text: 'required bearer key', byDefault: 'none', repeatable: true },
  'allow-origin': {
    hint: '<origin>',
    text: 'browser origin let in, such as http://localhost:8080',
    byDefault: 'none',
    repeatable: true,
  },
  'model-alias': {
    hint: '<name=model>',
    text: 'extra model name, such as gpt-4o=sonnet',
    byDefault: 'none',
    repeatable: true,
  },
  'data-dir': {
    hint: '<path>',
    text: 'where stored responses are kept',
    byDefault: "the platform's state directory",
  },
  'response-retention': {
    hint: '<duration>',
    text: 'how long a stored response can be fetched or gone on from',
    byDefault: '30d',
  },
  reasoning: {
    hint: '<mode>',
    text: 'summarized: thinking is streamed as reasoning_content; off: it is left out',
    byDefault: 'summarized',
  },
  sampling: {
    hint: '<mode>',
    text: 'what becomes of temperature and top_p: ignore or forward',
    byDefault: 'ignore',
  },
  'strict-parameters': {
    hint: '',
    text: 'refuse with 400 what is otherwise ignored',
    byDefault: 'off',
  },
  'subscription-only': {
    hint: '',
    text: 'hide from the CLI the environment variables that bill per token',
    byDefault: 'off',
  },
  'log-level': { hint: '<level>', text: LOG_LEVELS.join(', '), byDefault: 'info' },
  'log-format': {
    hint: '<format>',
    text: 'auto, text or json; auto is text on a terminal and JSON lines otherwise',
    byDefault: 'auto',
  },
  'log-bodies': {
    hint: '',
    text: 'write prompts and answers into the log',
    byDefault: 'off',
  },
  demo: {
    hint: '',
    text: 'answer from a built-in scripted model API: no login, no cost, no model',
    byDefault: 'off',
  },
}
