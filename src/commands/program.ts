import { Command, Option } from 'commander'
import { z } from 'zod'
import { type Config, ConfigError, readConfigFile, resolveConfig } from '../config.ts'
import { HELP, type SettingHelp } from '../settings.ts'
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
  for (const [name, setting] of Object.entries(HELP)) {
    const option = new Option(`--${name} ${setting.hint}`.trim(), helpOf(setting))
    if (setting.repeatable) {
      option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
    }
    command.addOption(option)
  }
  return command.option('--config <file>', 'configuration file (TOML)')
}

function helpOf({ hint, text, byDefault, repeatable }: SettingHelp): string {
  const note = hint === '' ? '' : ` (default ${byDefault}${repeatable ? ', repeatable' : ''})`
  return text + note
}

async function loadConfig(port: string | undefined, options: object): Promise<Config> {
  const { config, ...given } = z.record(z.string(), z.unknown()).parse(options)
  if (port !== undefined && 'port' in given) {
    throw new ConfigError(`The port is given twice: ${port} and --port ${String(given['port'])}.`)
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
