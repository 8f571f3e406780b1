import { expect, test } from 'bun:test'
import { CommanderError } from 'commander'
import {
  type ExitCode,
  failedStart,
  ListenError,
  UsageError,
} from '../../src/commands/failed-start.ts'
import { ConfigError } from '../../src/config.ts'
import { FileAccessError, TurnError } from '../../src/errors.ts'

const causes: [unknown, ExitCode][] = [
  [new CommanderError(0, 'commander.helpDisplayed', ''), 0],
  [new CommanderError(1, 'commander.unknownOption', ''), 64],
  [new UsageError('x'), 64],
  [new ConfigError('x'), 78],
  [new TurnError('cli_missing', 'x'), 78],
  [new TurnError('cli_too_old', 'x'), 78],
  [new TurnError('cli_unfit', 'x'), 78],
  [new TurnError('timeout', 'x'), 75],
  [new ListenError(1, 'x'), 1],
  [new ListenError(77, 'x'), 77],
  [new FileAccessError('x'), 73],
  [Object.assign(new Error('x'), { code: 'EROFS' }), 73],
  [new TypeError('x'), 70],
  ['x', 70],
]
test('each cause has its code', () => {
  expect(causes.map(([error]) => failedStart(error).code)).toEqual(causes.map(([, code]) => code))
})

test('a stack trace is for our own faults only', () => {
  expect(failedStart(new TypeError('x')).message).toContain('failed-start.test.ts')
  expect(failedStart(new ConfigError('x')).message).toBe('x')
})
