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

/** `--help` and the tables in the documents are made from this. */
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
    text: 'path of the claude CLI',
    byDefault: 'found on PATH, then in the usual install places',
  },
  'max-workers': {
    hint: '<n>',
    text: 'most CLI processes at a time, whatever they are doing',
    byDefault: '8',
  },
  'warm-workers': {
    hint: '<n>',
    text: 'CLI processes started ahead of requests; up to as many again for likely next requests, and more for a minute after a burst; 0: none',
    byDefault: '2',
  },
  'max-queue': {
    hint: '<n>',
    text: 'most requests that may wait for a worker, shared fairly between keys; further ones get 429',
    byDefault: '64',
  },
  'idle-ttl': {
    hint: '<duration>',
    text: 'how long a worker is kept for the next message of its conversation',
    byDefault: '5m',
  },
  'park-ttl': {
    hint: '<duration>',
    text: 'how long a worker waits for the result of a tool call',
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
    text: 'how long the CLI may be silent during an answer',
    byDefault: '10m',
  },
  'turn-timeout': {
    hint: '<duration>',
    text: 'how long an answer may take from beginning to end',
    byDefault: '1h',
  },
  'upstream-retries': {
    hint: '<n>',
    text: 'how often the CLI repeats a failed request by itself; most clients repeat it, too',
    byDefault: '0',
  },
  'key-limit': {
    hint: '<n>',
    text: 'most answers at a time for each --api-key (prompts x n), waiting or running; further ones get 429; 0: no limit',
    byDefault: '0',
  },
  'drain-timeout': {
    hint: '<duration>',
    text: 'on SIGTERM or Ctrl-C, how long running answers may take to finish',
    byDefault: '10s',
  },
  'api-key': {
    hint: '<key>',
    text: 'key that clients must send; each is a client of its own',
    byDefault: 'none',
    repeatable: true,
  },
  'allow-origin': {
    hint: '<origin>',
    text: 'origin of a web page that may send requests, such as http://localhost:8080',
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
    text: 'how long a stored response can be fetched or continued',
    byDefault: '30d',
  },
  reasoning: {
    hint: '<mode>',
    text: 'summarized: thinking is streamed as reasoning_content; off: it is left out',
    byDefault: 'summarized',
  },
  sampling: {
    hint: '<mode>',
    text: 'temperature and top_p are dropped (ignore) or sent to the model (forward)',
    byDefault: 'ignore',
  },
  'strict-parameters': {
    hint: '',
    text: 'refuse with 400 the parameters that are otherwise ignored',
    byDefault: 'off',
  },
  'subscription-only': {
    hint: '',
    text: 'hide from the CLI the environment variables that bill per token',
    byDefault: 'off',
  },
  'log-level': {
    hint: '<level>',
    text: `least severe messages to log: ${LOG_LEVELS.join(', ')}`,
    byDefault: 'info',
  },
  'log-format': {
    hint: '<format>',
    text: 'auto, text or json; auto: text on a terminal, JSON lines otherwise',
    byDefault: 'auto',
  },
  'log-bodies': {
    hint: '',
    text: 'write prompts and answers into the log',
    byDefault: 'off',
  },
  demo: {
    hint: '',
    text: 'answer from a built-in script instead of a model: no login, no cost',
    byDefault: 'off',
  },
}
