import { CommanderError } from 'commander'
import { runProgram } from './commands/program.ts'
import { ConfigError } from './config.ts'
import { TurnError } from './errors.ts'
import { escapeLines } from './log.ts'

try {
  process.exit(await runProgram(Bun.argv.slice(2)))
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode)
  const expected = error instanceof ConfigError || error instanceof TurnError
  console.error(expected ? `claude-max-api: ${escapeLines(error.message)}` : error)
  process.exit(1)
}
