import { TurnError } from '../../errors.ts'
import { runOnce } from './run-once.ts'

/** The first version with `client_composed` and with every other message that is sent here. */
export const MINIMUM_VERSION = '2.1.248'

/** The CLI answers in 10 ms; reading its 370 MB from a cold disk may take seconds. */
const VERSION_TIMEOUT_MS = 10_000
/** How much of an unexpected answer is quoted. */
const QUOTE_CHARS = 200

const UPDATE =
  'Update it with `claude update` or `npm install -g @anthropic-ai/claude-code@latest`.'
const VERSION_LINE = /^(\S+) \(Claude Code\)/
const RELEASE = /^\d+\.\d+\.\d+$/

/** The version that `claude --version` reports: `2.1.328`. */
export async function readVersion(
  path: string,
  env: NodeJS.ProcessEnv,
  timeoutMs = VERSION_TIMEOUT_MS,
): Promise<string> {
  const { code, stdout, stderr } = await runOnce({ path, args: ['--version'], env, timeoutMs })
  const version = VERSION_LINE.exec(stdout)?.[1]
  if (code === 0 && version !== undefined) return version

  const answer = (stdout.trim() || stderr.trim()).slice(0, QUOTE_CHARS)
  throw new TurnError(
    'cli_missing',
    `${path} does not answer --version as the claude CLI does: ` +
      `exit code ${code}, ${JSON.stringify(answer)}. Give the path of the claude CLI with --claude <path>.`,
  )
}

/** Refuses a CLI that is too old for the messages that it would get, before it gets any. */
export function assertSupported(version: string): void {
  if (!RELEASE.test(version)) {
    throw new TurnError(
      'cli_too_old',
      `The claude CLI reports version ${JSON.stringify(version.slice(0, QUOTE_CHARS))}, ` +
        `which is not a release; claude-max-api needs ${MINIMUM_VERSION} or newer. ${UPDATE}`,
    )
  }
  if (Bun.semver.order(version, MINIMUM_VERSION) < 0) {
    throw new TurnError(
      'cli_too_old',
      `The claude CLI is version ${version}; claude-max-api needs ${MINIMUM_VERSION} or newer, ` +
        `the first that accepts a whole conversation unchanged. ${UPDATE}`,
    )
  }
}
