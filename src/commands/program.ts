import { Command, Option } from 'commander'
import { z } from 'zod'
import { type Config, resolveConfig } from '../config.ts'
import { readConfigFile } from '../config-file.ts'
import { HELP, type SettingHelp } from '../settings.ts'
import { suggestion } from '../suggest.ts'
import { COMMIT, VERSION } from '../version.ts'
import { EXIT_CODES, UsageError } from './failed-start.ts'
import { serve } from './serve.ts'

const COMMANDS = ['serve']

const EXAMPLES = `
Every setting is also an environment variable (--max-workers is CLAUDE_MAX_API_MAX_WORKERS) and a
key of the configuration file (max-workers = 8). Flags win over environment over file. A switch
that is on in the file or the environment is turned off by --no-<name>, such as --no-demo.

Examples:
  claude-max-api                       listen on http://localhost:3456/v1
  claude-max-api 8080 --warm-workers 4
  claude-max-api --demo                try it with no login: a scripted model answers

Exit codes:
${Object.entries(EXIT_CODES)
  .map(([code, meaning]) => `  ${code.padEnd(3)}${meaning}\n`)
  .join('')}`

/** Runs the command in argv and resolves to the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  const run = async (_: unknown, options: object, { args }: Command) => {
    exitCode = await serve(await loadConfig(portOf(args), options))
  }
  const program = new Command('claude-max-api')
    .description(
      'An OpenAI-compatible API on localhost, answered by your own logged-in claude CLI.',
    )
    .version(`claude-max-api ${VERSION} (${COMMIT})`, '-v, --version', 'print version and commit')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('See claude-max-api --help.')
    .addHelpText('after', EXAMPLES)
  withSettings(program).action(run)
  withSettings(
    program.command('serve').description('start the server (the default command)'),
  ).action(run)
  await program.parseAsync(argv, { from: 'user' })
  return exitCode
}

function withSettings(command: Command): Command {
  // `portOf` explains what is wrong with further words.
  command.argument('[port]', 'short for --port').allowExcessArguments()
  for (const [name, setting] of Object.entries(HELP)) {
    const option = new Option(`--${name} ${setting.hint}`.trim(), helpOf(setting))
    if (setting.repeatable) {
      option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
    }
    command.addOption(option)
    if (setting.hint === '') command.addOption(new Option(`--no-${name}`).hideHelp())
  }
  return command.option('--config <file>', 'configuration file (TOML)')
}

function helpOf({ hint, text, byDefault, repeatable }: SettingHelp): string {
  const note = hint === '' ? '' : ` (default ${byDefault}${repeatable ? ', repeatable' : ''})`
  return text + note
}

/** The port, if one is given. Any other word was meant as a command. */
function portOf([first, ...more]: readonly string[]): string | undefined {
  const word = [first, ...more].find((arg) => arg !== undefined && !/^\d+$/.test(arg))
  if (word !== undefined) {
    const hint = suggestion(word, COMMANDS)
    throw new UsageError(`Unknown command '${word}'.${hint} See claude-max-api --help.`)
  }
  if (more.length > 0)
    throw new UsageError(`Only one port can be given, not ${first} ${more.join(' ')}.`)
  return first
}

async function loadConfig(port: string | undefined, options: object): Promise<Config> {
  const { config, ...given } = z.record(z.string(), z.unknown()).parse(options)
  if (port !== undefined && 'port' in given) {
    throw new UsageError(`The port is given twice: ${port} and --port ${String(given['port'])}.`)
  }
  const flags = Object.fromEntries(Object.entries(given).map(([key, value]) => [kebab(key), value]))
  return resolveConfig({
    flags: port === undefined ? flags : { ...flags, port },
    env: process.env,
    file: await readConfigFile(typeof config === 'string' ? config : undefined, process.env),
  })
}

/** Undoes commander's conversion of `--max-workers` to `maxWorkers`. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
