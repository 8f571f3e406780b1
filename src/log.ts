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

function chooseFormatter(format: LogOptions['format']): TextFormatter {
  const { isTTY: terminal } = process.stderr
  if (format === 'json' || (format === 'auto' && !terminal)) {
    return withPlainErrors(getJsonLinesFormatter({ properties: 'flatten', message: 'rendered' }))
  }
  const options = { timestamp: 'time', category: () => '' } as const
  const colors = terminal && !process.env['NO_COLOR']
  const text = colors ? getAnsiColorFormatter(options) : getTextFormatter(options)
  return withPlainErrors((record) => `${text(record).trimEnd()}${fields(record)}\n`)
}

/** Errors as one line with their cause; a stack helps nobody who runs a binary. */
function withPlainErrors(formatter: TextFormatter): TextFormatter {
  return (record) => {
    const entries = Object.entries(record.properties).map(([key, value]) => [
      key,
      value instanceof Error ? errorLine(value) : value,
    ])
    return formatter({ ...record, properties: Object.fromEntries(entries) })
  }
}

function errorLine(error: Error): string {
  return error.cause instanceof Error
    ? `${error.message} (${errorLine(error.cause)})`
    : error.message
}

function fields({ properties }: LogRecord): string {
  return Object.entries(properties)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('')
}
