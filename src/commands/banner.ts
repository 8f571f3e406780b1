import { type Account, describeAccount } from '../claude/account/account.ts'
import { perTokenBilling } from '../claude/account/billing.ts'
import type { Choice } from '../claude/install/choose.ts'
import { shellQuoted } from '../claude/install/shell-quoted.ts'
import { isNewerThanTested, TESTED_VERSION } from '../claude/install/version.ts'
import type { Config } from '../config.ts'
import { escapeControls } from '../log.ts'
import type { CliState } from '../self-test/examiner.ts'
import { COMMIT, VERSION } from '../version.ts'

export type BannerFacts = {
  config: Config
  port: number
  choice: Choice
  cli: CliState
  env: NodeJS.ProcessEnv
  login: { account: Account | undefined; problem: Error | undefined }
}

/**
 * What is printed at start: the address, the CLI, the login, who is billed, and a command to try.
 */
export function banner({ config, port, choice, cli, env, login }: BannerFacts): string {
  const { listen: socket } = config
  const url = socket ? 'http://localhost/v1' : `http://${displayHost(config.host)}:${port}/v1`
  const lines = [
    `claude-max-api ${VERSION} (${COMMIT})`,
    ...(config.demo ? [DEMO] : []),
    `  address  ${socket ? `unix:${socket}` : url}`,
    ...cliLines(choice),
    ...selfTestLines(cli),
    `  login    ${config.demo ? 'none needed (demo)' : loginLine(login, loginCommand(choice, env))}`,
    ...(config.demo ? [] : billingLines(env)),
    ...(config['api-key'].length > 0 ? ['  key      required'] : []),
    ...(config['log-bodies'] ? ['  log      holds prompts and answers (--log-bodies)'] : []),
    '',
    'Try it:',
    `  ${curl(url, config)}`,
    '',
  ]
  // The CLI's version and account come from the CLI, so control characters are escaped.
  return `${lines.map(escapeControls).join('\n')}\n`
}

const SELF_TEST: Record<CliState['selfTest'], string | undefined> = {
  running: 'running; requests wait for it',
  passed: 'passed',
  // Whoever asked for that knows it.
  skipped: undefined,
  failed: 'failed',
}

function selfTestLines({ selfTest, off, problem }: CliState): string[] {
  const state = SELF_TEST[selfTest]
  if (state === undefined) return []
  const without =
    off.length > 0 ? `, but for: ${off.join(', ')} (answers are right, but slower)` : ''
  return [`  tested   ${state}${without}${problem === undefined ? '' : `: ${problem}`}`]
}

const DEMO =
  '  DEMO: a script on this machine answers, not a model. Ask it "echo …", "count to 5" or "think about …".'

/** Which CLI is used; why, if there is a doubt; and what is unusual about it. */
function cliLines({ path, version, source, reason, remarks, others }: Choice): string[] {
  const newer = isNewerThanTested(version)
    ? ` (newer than ${TESTED_VERSION}, the newest that was tested)`
    : ''
  const instead = others.map(
    (other) => `${other.path} (${other.problem ?? NOT_USED[other.source]})`,
  )
  const unused = instead.length > 0 ? `; not used: ${instead.join(', ')}` : ''
  return [
    `  claude   ${version}, ${path}${newer}`,
    ...(unused || source === 'project' ? [`  because  ${reason}${unused}`] : []),
    ...(remarks.length > 0
      ? [`  note     ${path} ${remarks.join(', and ')}. --claude <path> names the CLI itself.`]
      : []),
  ]
}

/** Why a CLI that may work was not needed. */
const NOT_USED: Readonly<Record<Choice['source'], string>> = {
  flag: 'not named',
  path: 'later on PATH',
  place: 'not on PATH',
  project: "a project's own copy",
}

/** The login is stored in the configuration directory, so the command must name the same one. */
function loginCommand({ path }: Choice, env: NodeJS.ProcessEnv): string {
  const folder = env['CLAUDE_CONFIG_DIR']
  const assignment = folder ? `CLAUDE_CONFIG_DIR=${shellQuoted(folder)} ` : ''
  return `${assignment}${shellQuoted(path)} auth login`
}

function loginLine({ account, problem }: BannerFacts['login'], command: string): string {
  if (account) return describeAccount(account, command)
  return `unknown: ${problem?.message ?? 'not asked yet'}`
}

/** Names only, because the values are secrets. */
function billingLines(env: NodeJS.ProcessEnv): string[] {
  const names = perTokenBilling(env)
  if (names.length === 0) return []
  const set = names.length === 1 ? 'is set' : 'are set'
  return [
    `  billing  per token, not the subscription: ${names.join(', ')} ${set}. --subscription-only ignores ${names.length === 1 ? 'it' : 'them'}.`,
  ]
}

function curl(url: string, { listen, 'api-key': keys }: Config): string {
  const socket = listen ? ` --unix-socket ${listen}` : ''
  const authorization = keys.length > 0 ? " -H 'authorization: Bearer <key>'" : ''
  const body = '{"model":"sonnet","messages":[{"role":"user","content":"Say hello"}]}'
  return `curl${socket} ${url}/chat/completions${authorization} -H 'content-type: application/json' -d '${body}'`
}

function displayHost(host: string): string {
  if (host === '127.0.0.1') return 'localhost'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
