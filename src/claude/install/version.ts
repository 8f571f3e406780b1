import { TurnError } from '../../errors.ts'
import { runOnce } from './run-once.ts'

/** The first to know `client_composed`; every message we send works from here on. */
export const MINIMUM_VERSION = '2.1.248'

/** The CLI answers in 10 ms; a cold disk with 370 MB to map may need seconds. */
const VERSION_TIMEOUT_MS = 10_000
/** How much of a wrong answer is quoted. */
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
    `${path} does not answer --version like the claude CLI: ` +
      `exit code ${code}, ${JSON.stringify(answer)}. Name the right one with --claude <path>.`,
  )
}

/** Refuses a CLI that would misread our messages, or end on them, rather than find out mid-turn. */
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
        `the first that can be handed a whole conversation unchanged. ${UPDATE}`,
    )
  }
}
