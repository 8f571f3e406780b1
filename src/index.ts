import { failedStart } from './commands/failed-start.ts'
import { runProgram } from './commands/program.ts'

try {
  process.exit(await runProgram(Bun.argv.slice(2)))
} catch (error) {
  const { code, message } = failedStart(error)
  if (message !== undefined) console.error(`claude-max-api: ${message}`)
  process.exit(code)
}
