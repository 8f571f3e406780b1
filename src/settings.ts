import type { z } from 'zod'
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

/** What `--help` and docs/settings.md say of a setting. */
type Meaning = {
  /** What stands behind the flag; empty for a switch. */
  hint: string
  text: string
  repeatable?: true
}

export type SettingHelp = Meaning & {
  /** The default, as a person would write it. */
  byDefault: string
}

/** What the schemas of the table below mean. */
const meanings = new Map<z.ZodType, SettingHelp>()

/** A setting with a default, which is read like a value that is given. */
function preset<Value extends z.ZodType>(
  byDefault: string & z.input<Value>,
  value: Value,
  meaning: Meaning,
): z.ZodPrefault<Value> {
  const schema = value.prefault(byDefault)
  meanings.set(schema, { byDefault, ...meaning })
  return schema
}

/** A setting that need have no value; `byDefault` says what happens without. */
function unset<Value extends z.ZodType>(byDefault: string, value: Value, meaning: Meaning): Value {
  meanings.set(value, { byDefault, ...meaning })
  return value
}

/**
 * Every setting, in this one place. Its name is the flag and the key of the file; `envName` makes
 * the environment variable of it. The configuration, `--help` and docs/settings.md are made from
 * this table.
 */
export const SETTINGS = {
  port: preset('3456', integer(0, 65_535), {
    hint: '<port>',
    text: 'port to listen on; 0 takes any free one',
  }),
  listen: unset('none', socket.optional(), {
    hint: '<unix:/path>',
    text: 'a Unix socket to listen on instead of a port; only you can open it',
  }),
  host: preset('127.0.0.1', nonEmpty, {
    hint: '<address>',
    text: 'address to listen on; one that is not loopback needs --api-key',
  }),
  claude: unset('found on PATH, then in the usual install places', path.optional(), {
    hint: '<path>',
    text: 'path of the claude CLI',
  }),
  'max-workers': preset('8', integer(1, 256), {
    hint: '<n>',
    text: 'most CLI processes at a time, whatever they are doing',
  }),
  'warm-workers': preset('2', integer(0, 256), {
    hint: '<n>',
    text: 'CLI processes that wait for conversations of any kind, one of them while nothing is asked; 0: none',
  }),
  'max-queue': preset('64', integer(0, 100_000), {
    hint: '<n>',
    text: 'most requests that may wait for a worker, shared fairly between keys; further ones get 429',
  }),
  'idle-ttl': preset('5m', wait, {
    hint: '<duration>',
    text: 'how long a worker is kept for the next message of its conversation',
  }),
  'park-ttl': preset('10m', wait, {
    hint: '<duration>',
    text: 'how long a worker waits for the result of a tool call',
  }),
  'queue-timeout': preset('2m', wait, {
    hint: '<duration>',
    text: 'how long a request may wait for a worker',
  }),
  'first-event-timeout': preset('6m', wait, {
    hint: '<duration>',
    text: 'how long an answer may take to begin',
  }),
  'request-timeout': preset('10m', wait, {
    hint: '<duration>',
    text: 'how long the CLI may be silent during an answer',
  }),
  'turn-timeout': preset('1h', wait, {
    hint: '<duration>',
    text: 'how long an answer may take from beginning to end',
  }),
  'upstream-retries': preset('0', integer(0, 10), {
    hint: '<n>',
    text: 'how often the CLI repeats a failed request by itself; most clients repeat it, too',
  }),
  'key-limit': preset('0', integer(0, 10_000), {
    hint: '<n>',
    text: 'most answers at a time for each --api-key (prompts x n), waiting or running; further ones get 429; 0: no limit',
  }),
  'drain-timeout': preset('10s', wait, {
    hint: '<duration>',
    text: 'on SIGTERM or Ctrl-C, how long running answers may take to finish',
  }),
  'api-key': unset('none', list.default([]), {
    hint: '<key>',
    text: 'key that clients must send; each is a client of its own',
    repeatable: true,
  }),
  'allow-origin': unset('none', origins.default([]), {
    hint: '<origin>',
    text: 'origin of a web page that may send requests, such as http://localhost:8080',
    repeatable: true,
  }),
  'model-alias': unset('none', alias.default({}), {
    hint: '<name=model>',
    text: 'extra model name, such as gpt-4o=sonnet',
    repeatable: true,
  }),
  'data-dir': unset("the platform's state directory", path.optional(), {
    hint: '<path>',
    text: 'where stored responses are kept',
  }),
  'response-retention': preset('30d', duration, {
    hint: '<duration>',
    text: 'how long a stored response can be fetched or continued',
  }),
  reasoning: preset('summarized', choice(['summarized', 'off']), {
    hint: '<mode>',
    text: 'summarized: thinking is streamed as reasoning_content; off: it is left out',
  }),
  sampling: preset('ignore', choice(['ignore', 'forward']), {
    hint: '<mode>',
    text: 'temperature and top_p are dropped (ignore) or sent to the model (forward)',
  }),
  'strict-parameters': preset('off', flag, {
    hint: '',
    text: 'refuse with 400 the parameters that are otherwise ignored',
  }),
  'subscription-only': preset('off', flag, {
    hint: '',
    text: 'hide from the CLI the environment variables that bill per token',
  }),
  'skip-self-test': preset('off', flag, {
    hint: '',
    text: 'use a new version of the claude CLI without examining it first; see docs/cli-compatibility.md',
  }),
  'log-level': preset('info', choice(LOG_LEVELS), {
    hint: '<level>',
    text: `least severe messages to log: ${LOG_LEVELS.join(', ')}`,
  }),
  'log-format': preset('auto', choice(LOG_FORMATS), {
    hint: '<format>',
    text: 'auto, text or json; auto: text on a terminal, JSON lines otherwise',
  }),
  'log-bodies': preset('off', flag, {
    hint: '',
    text: 'write prompts and answers into the log',
  }),
  demo: preset('off', flag, {
    hint: '',
    text: 'answer from a built-in script instead of a model: no login, no cost',
  }),
}

export type SettingName = keyof typeof SETTINGS

/** What each setting means, in the order of the table. */
export const HELP: Readonly<Record<string, SettingHelp>> = Object.fromEntries(
  Object.entries(SETTINGS).flatMap(([name, value]) => {
    const help = meanings.get(value)
    return help ? [[name, help]] : []
  }),
)
