import { LOG_FORMATS, LOG_LEVELS } from './log.ts'
import {
  alias,
  choice,
  duration,
  flag,
  integer,
  list,
  origins,
  path,
  socket,
  nonEmpty,
  wait,
} from './setting-types.ts'

/** Every setting by its one name, as it is read; `HELP` says what each means. */
export const SETTINGS = {
  port: integer(0, 65_535).default(3456),
  listen: socket.optional(),
  host: nonEmpty.default('127.0.0.1'),
  claude: path.optional(),
  'max-workers': integer(1, 256).default(8),
  'warm-workers': integer(0, 256).default(2),
  'max-queue': integer(0, 100_000).default(64),
  'idle-ttl': wait.prefault('5m'),
  'park-ttl': wait.prefault('10m'),
  'queue-timeout': wait.prefault('2m'),
  'first-event-timeout': wait.prefault('6m'),
  'request-timeout': wait.prefault('10m'),
  'turn-timeout': wait.prefault('1h'),
  'upstream-retries': integer(0, 10).default(0),
  'key-limit': integer(0, 10_000).default(0),
  'drain-timeout': wait.prefault('10s'),
  'api-key': list.default([]),
  'allow-origin': origins.default([]),
  'model-alias': alias.default({}),
  'data-dir': path.optional(),
  'response-retention': duration.prefault('30d'),
  reasoning: choice(['summarized', 'off']).default('summarized'),
  sampling: choice(['ignore', 'forward']).default('ignore'),
  'strict-parameters': flag.default(false),
  'subscription-only': flag.default(false),
  'log-level': choice(LOG_LEVELS).default('info'),
  'log-format': choice(LOG_FORMATS).default('auto'),
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
    text: 'requests that may wait for a worker, in fair shares between keys; more get 429',
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
    text: 'answers at a time for each --api-key (prompts x n), waiting or running; more get 429; 0 for no limit',
    byDefault: '0',
  },
  'drain-timeout': {
    hint: '<duration>',
    text: 'on SIGTERM or Ctrl-C, how long running answers may take to finish',
    byDefault: '10s',
  },
  'api-key': {
    hint: '<key>',
    text: 'required bearer key; each is a client of its own',
    byDefault: 'none',
    repeatable: true,
  },
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
