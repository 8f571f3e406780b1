import { CommanderError } from 'commander'
import { ConfigError } from '../config.ts'
import { PlaceError, TurnError } from '../errors.ts'
import { escapeLines } from '../log.ts'

/** What the exit code says; by sysexits.h, but for a taken port. `--help` and the README show it. */
export const EXIT_CODES = {
  0: 'stopped as asked',
  1: 'the port or socket is taken',
  64: 'a flag or command that does not exist',
  70: 'a fault of claude-max-api itself',
  73: 'a file, directory or socket cannot be made, or belongs to somebody else',
  75: 'the CLI gave no answer in time; it may work later',
  77: 'no permission to listen there',
  78: 'a wrong setting, or a claude CLI that is missing, no use or too old',
} as const

export type ExitCode = keyof typeof EXIT_CODES

/** The place to listen at cannot be had. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/** A command that was typed wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Why the program ends, as its exit code and what to print; undefined if that is done already. */
export function failedStart(error: unknown): { code: ExitCode; message: string | undefined } {
  // It has printed what it has to say: the help, the version, or what is wrong with a flag.
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
  if (error instanceof PlaceError) return 73
  if (error instanceof TurnError) return ofTurn(error)
  return isRefusedFile(error) ? 73 : 70
}

function ofTurn({ kind }: TurnError): ExitCode {
  if (kind === 'cli_missing' || kind === 'cli_too_old') return 78
  return kind === 'timeout' ? 75 : 70
}

/** No room, no permission, a file system that is read-only. */
function isRefusedFile(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'ENOTDIR', 'EDQUOT'].includes(String(error.code))
}
