import { Command, Option } from 'commander'
import { ConfigError, readConfigFile, resolveConfig, SETTINGS, type Config } from '../config.ts'
import { COMMIT, VERSION } from '../version.ts'
import { serve } from './serve.ts'

const EXAMPLES = `
Every setting is also an environment variable (--max-workers is CLAUDE_MAX_API_MAX_WORKERS) and a
key of the configuration file (max-workers = 8). Flags win over environment over file.

Examples:
  claude-max-api                       listen on http://localhost:3456/v1
  claude-max-api 8080 --warm-workers 4
  claude-max-api --demo                try it with no login: a scripted model answers
`

/** argv -> command. Resolves to the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  const run = async (port: string | undefined, options: object) => {
    exitCode = await serve(await loadConfig(port, options))
  }
  const program = new Command('claude-max-api')
    .description(
      'An OpenAI-compatible API on localhost, answered by your own logged-in claude CLI.',
    )
    .version(`claude-max-api ${VERSION} (${COMMIT})`, '-v, --version', 'print version and commit')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .enablePositionalOptions()
    .showHelpAfterError('See claude-max-api --help.')
    .addHelpText('after', EXAMPLES)
  withSettings(program).action(run)
  withSettings(
    program.command('serve').description('listen and answer; what happens without a command'),
  ).action(run)
  await program.parseAsync(argv, { from: 'user' })
  return exitCode
}

function withSettings(command: Command): Command {
  command.argument('[port]', 'short for --port')
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const option = new Option(`--${name} ${setting.hint}`.trim(), helpOf(setting))
    if ('repeatable' in setting) {
      option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
    }
    command.addOption(option)
  }
  return command.option('--config <file>', 'configuration file (TOML)')
}

function helpOf({ schema, help, ...setting }: (typeof SETTINGS)[keyof typeof SETTINGS]): string {
  const fallback: unknown = schema.safeParse(undefined).data
  const plain = typeof fallback === 'number' || typeof fallback === 'string'
  const byDefault = plain && !help.includes('(default') ? ` (default ${fallback})` : ''
  return help + byDefault + ('repeatable' in setting ? ' (repeatable)' : '')
}

async function loadConfig(port: string | undefined, options: object): Promise<Config> {
  const { config, ...given } = options as Record<string, unknown>
  if (port !== undefined && given['port'] !== undefined) {
    throw new ConfigError(`The port is given twice: ${port} and --port ${given['port']}.`)
  }
  const flags = Object.fromEntries(Object.entries(given).map(([key, value]) => [kebab(key), value]))
  return resolveConfig({
    flags: port === undefined ? flags : { ...flags, port },
    env: process.env,
    file: await readConfigFile(typeof config === 'string' ? config : undefined, process.env),
  })
}

/** Commander turns `--max-workers` into `maxWorkers`. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
