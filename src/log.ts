import {
  configureSync,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type Logger,
  type LogRecord,
  type TextFormatter,
} from '@logtape/logtape'

export type Log = Logger

export const LOG_LEVELS = ['debug', 'info', 'warning', 'error'] as const
export const LOG_FORMATS = ['auto', 'text', 'json'] as const

export type LogOptions = {
  level: (typeof LOG_LEVELS)[number]
  /** `auto`: text on a terminal, JSON lines otherwise. */
  format: (typeof LOG_FORMATS)[number]
}

/** What a field of a line may have: clients choose paths and names of models. */
const MAX_FIELD_CHARS = 200
/** An error may quote the end of what the CLI said. */
const MAX_ERROR_CHARS = 2_000

/**
 * The log, on stderr. Events and their fields only: a prompt, an answer or a key is never handed
 * to it.
 */
export function createLog({ level, format }: LogOptions): Log {
  const formatter = chooseFormatter(format)
  configureSync({
    reset: true,
    sinks: { stderr: (record) => void process.stderr.write(formatter(record)) },
    loggers: [
      { category: 'claude-max-api', sinks: ['stderr'], lowestLevel: level },
      // The library's word on its own set-up would be one more line at start.
      { category: ['logtape', 'meta'], sinks: ['stderr'], lowestLevel: 'error' },
    ],
  })
  return getLogger('claude-max-api')
}

/** How a record is written; exported for the tests. */
export function chooseFormatter(
  format: LogOptions['format'],
  terminal: boolean = process.stderr.isTTY,
): TextFormatter {
  if (format === 'json' || (format === 'auto' && !terminal)) {
    const json = getJsonLinesFormatter({ properties: 'flatten', message: 'rendered' })
    // What JSON itself leaves as it is; an escape means the same to whoever parses the line.
    return withShortFields((record) => escapeControls(json(record).trimEnd()) + '\n')
  }
  const options = { timestamp: 'time', category: () => '' } as const
  const colors = terminal && !process.env['NO_COLOR']
  const text = colors ? getAnsiColorFormatter(options) : getTextFormatter(options)
  return withShortFields((record) => `${text(record).trimEnd()}${fields(record)}\n`)
}

/** Errors are one line with their cause: a stack helps nobody who runs a binary. */
function withShortFields(formatter: TextFormatter): TextFormatter {
  return (record) => {
    const entries = Object.entries(record.properties).map(([key, value]) => {
      if (value instanceof Error) return [key, cut(errorLine(value), MAX_ERROR_CHARS)]
      // `--log-bodies` is there to show the whole body.
      const isShortened = typeof value === 'string' && key !== 'body'
      return [key, isShortened ? cut(value, MAX_FIELD_CHARS) : value]
    })
    return formatter({ ...record, properties: Object.fromEntries(entries) })
  }
}

function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}… (${text.length} characters)`
}

/** Control characters, and those that change the direction of what follows. */
const CONTROLS = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/**
 * The text with its control characters as escapes (`\\u001b`): a terminal obeys them, and a line
 * break would look like another line of the log.
 */
export function escapeControls(text: string): string {
  return text.replaceAll(
    CONTROLS,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Like `escapeControls` for what may have several lines. */
export function escapeLines(text: string): string {
  return text.split(/\r?\n/).map(escapeControls).join('\n')
}

function errorLine(error: Error): string {
  return error.cause instanceof Error
    ? `${error.message} (${errorLine(error.cause)})`
    : error.message
}

function fields({ properties }: LogRecord): string {
  return Object.entries(properties)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      return ` ${key}=${escapeControls(text)}`
    })
    .join('')
}
