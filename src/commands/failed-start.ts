import { CommanderError } from 'commander'
import { ConfigError } from '../config.ts'
import { FileAccessError, TurnError } from '../errors.ts'
import { escapeLines } from '../log.ts'

/**
 * The exit codes; those of sysexits.h, except for a taken port. `--help` and docs/services.md show
 * them.
 */
export const EXIT_CODES = {
  0: 'stopped as asked',
  1: 'the port or socket is taken',
  64: 'a flag or command that does not exist',
  70: 'an error in claude-max-api itself',
  73: 'a file, directory or socket cannot be made, or belongs to another user',
  75: 'the CLI did not answer in time; it may work later',
  77: 'no permission to listen there',
  78: 'a wrong setting, or a claude CLI that is missing, unusable or too old',
} as const

export type ExitCode = keyof typeof EXIT_CODES

/** The port, address or socket cannot be used. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/** A mistake on the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The exit code and the message for an error; no message if one was printed already. */
export function failedStart(error: unknown): { code: ExitCode; message: string | undefined } {
  // Commander has printed the help, the version, or what is wrong with a flag.
  if (error instanceof CommanderError)
    return { code: error.exitCode === 0 ? 0 : 64, message: undefined }
  const code = codeOf(error)
  if (code !== 70 && error instanceof Error) return { code, message: escapeLines(error.message) }
  const trace = error instanceof Error ? error.stack : undefined
  return { code, message: escapeLines(trace ?? String(error)) }
}

function codeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return 64
  if (error instanceof ConfigError) return 78
  if (error instanceof ListenError) return error.exitCode
  if (error instanceof FileAccessError) return 73
  if (error instanceof TurnError) return ofTurn(error)
  return isRefusedFile(error) ? 73 : 70
}

function ofTurn({ kind }: TurnError): ExitCode {
  if (kind === 'cli_missing' || kind === 'cli_too_old' || kind === 'cli_unfit') return 78
  return kind === 'timeout' ? 75 : 70
}

/** Disk full, no permission, or a read-only file system. */
function isRefusedFile(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'ENOTDIR', 'EDQUOT'].includes(String(error.code))
}
