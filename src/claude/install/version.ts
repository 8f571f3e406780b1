import { TurnError } from '../../errors.ts'
import { runOnce } from './run-once.ts'
import { shellQuoted } from './shell-quoted.ts'

/**
 * The oldest version that sends what it was given and nothing else. 2.1.248 to 2.1.260 add text to
 * the first message; 2.1.290 and 2.1.300 send a path of the home directory.
 */
export const MINIMUM_VERSION = '2.1.307'

/** The newest version that `npm run compat` was run on; the table is in docs/cli-compatibility.md. */
export const TESTED_VERSION = '2.1.330'

/** The CLI answers in 10 ms. Reading its 370 MB from a cold disk under load takes many seconds. */
const VERSION_TIMEOUT_MS = 30_000
/** How much of an unexpected answer is quoted. */
const QUOTE_CHARS = 200

/** On any line: a shell's start-up file or a wrapper may print something before it. */
const VERSION_LINE = /^\s*(\S+) \(Claude Code\)/m
const SEMVER = /^\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?$/

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

/**
 * Why a version is not supported, as the end of a sentence that begins with the version; undefined
 * if it is supported. A prerelease of the minimum is older than the minimum.
 */
export function versionProblem(version: string): string | undefined {
  if (!SEMVER.test(version)) return 'is not a version number'
  if (Bun.semver.order(version, MINIMUM_VERSION) < 0) {
    return `is too old: ${MINIMUM_VERSION} or newer is needed`
  }
  return undefined
}

/** Newer versions are welcome, but nobody has tried them. */
export function isNewerThanTested(version: string): boolean {
  return SEMVER.test(version) && Bun.semver.order(version, TESTED_VERSION) > 0
}

/** The error for a CLI that is too old for the messages that it would get; undefined if it is not. */
export function unsupported(version: string, path: string): TurnError | undefined {
  const problem = versionProblem(version)
  if (problem === undefined) return undefined
  return new TurnError(
    'cli_too_old',
    `${path} is version ${JSON.stringify(version.slice(0, QUOTE_CHARS))}, which ${problem}. ` +
      `Update it with \`${shellQuoted(path)} update\` or \`npm install -g @anthropic-ai/claude-code@latest\`.`,
  )
}
