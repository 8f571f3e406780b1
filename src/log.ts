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

/** The longest value of a field: clients choose paths and model names. */
const MAX_FIELD_CHARS = 200
/** The longest error, which may quote the end of the CLI's output. */
const MAX_ERROR_CHARS = 2_000

/**
 * Creates the log, on stderr. It gets events and their fields, never a prompt, an answer or a key.
 */
export function createLog({ level, format }: LogOptions): Log {
  const formatter = chooseFormatter(format)
  configureSync({
    reset: true,
    sinks: { stderr: (record) => void process.stderr.write(formatter(record)) },
    loggers: [
      { category: 'claude-max-api', sinks: ['stderr'], lowestLevel: level },
      // Suppresses the library's own message about its set-up.
      { category: ['logtape', 'meta'], sinks: ['stderr'], lowestLevel: 'error' },
    ],
  })
  return getLogger('claude-max-api')
}

/** Returns the function that formats a record; exported for the tests. */
export function chooseFormatter(
  format: LogOptions['format'],
  terminal: boolean = process.stderr.isTTY,
): TextFormatter {
  if (format === 'json' || (format === 'auto' && !terminal)) {
    const json = getJsonLinesFormatter({ properties: 'flatten', message: 'rendered' })
    // JSON does not escape all of them; an escape means the same to whoever parses the line.
    return withShortFields((record) => escapeControls(json(record).trimEnd()) + '\n')
  }
  const options = { timestamp: 'time', category: () => '' } as const
  const colors = terminal && !process.env['NO_COLOR']
  const text = colors ? getAnsiColorFormatter(options) : getTextFormatter(options)
  return withShortFields((record) => `${text(record).trimEnd()}${fields(record)}\n`)
}

/** Writes errors in one line with their cause. A stack is of no use to the user of a binary. */
function withShortFields(formatter: TextFormatter): TextFormatter {
  return (record) => {
    const entries = Object.entries(record.properties).map(([key, value]) => {
      if (value instanceof Error) return [key, cut(errorLine(value), MAX_ERROR_CHARS)]
      // `--log-bodies` shows the whole body.
      const isShortened = typeof value === 'string' && key !== 'body'
      return [key, isShortened ? cut(value, MAX_FIELD_CHARS) : value]
    })
    return formatter({ ...record, properties: Object.fromEntries(entries) })
  }
}

function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}… (${text.length} characters)`
}

/** Control characters, and characters that change the text direction. */
const CONTROLS = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/**
 * Writes control characters as escapes (`\\u001b`). A terminal would obey them, and a line break
 * would look like another line of the log.
 */
export function escapeControls(text: string): string {
  return text.replaceAll(
    CONTROLS,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Like `escapeControls`, for text that may have several lines. */
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
