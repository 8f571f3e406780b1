import { homedir } from 'node:os'
import { TurnError } from '../../errors.ts'
import { type Candidate, fileNames, findCandidates, type Search } from './candidates.ts'
import { installPlaces } from './install-places.ts'

/** What is not given is the machine's. */
export type LocateOptions = Partial<Search>

/**
 * The absolute path of a `claude` that can be started: the one of `--claude`, or the preferred one
 * of those found. Nothing is started, so its version may be too old; `chooseClaude` asks.
 */
export function locateClaude(options: LocateOptions = {}): string {
  const search = searchOf(options)
  const candidates = findCandidates(search)
  const usable = candidates.find(({ problem }) => problem === undefined)
  if (usable === undefined) throw notFound(search, candidates)
  return usable.path
}

/** The search with the machine's own values where no others are given. */
export function searchOf({
  claude,
  env = process.env,
  platform = process.platform,
  home = homedir(),
  places = installPlaces({ env, platform, home }),
}: LocateOptions): Search {
  return { claude, env, platform, home, places }
}

/** Says what was found, where it was looked for, and how to install the CLI. */
export function notFound(
  search: Search,
  candidates: readonly Pick<Candidate, 'path' | 'source' | 'problem'>[],
): TurnError {
  const [named] = candidates
  if (named?.source === 'flag') {
    return new TurnError('cli_missing', `--claude ${named.path} cannot be used: ${named.problem}.`)
  }
  const unusable = candidates.map(({ path, problem }) => `${path} (${problem})`)
  const { platform, places } = search
  return new TurnError(
    'cli_missing',
    [
      'The claude CLI was not found.',
      ...(unusable.length > 0 ? [`Found but unusable: ${unusable.join(', ')}.`] : []),
      `Looked for ${fileNames(search).join(', ')} on PATH and in ${places.join(', ')}.`,
      `Install it with \`${INSTALLER[platform === 'win32' ? 'windows' : 'unix']}\` or ` +
        '`npm install -g @anthropic-ai/claude-code`, or give its path with --claude <path>.',
    ].join('\n'),
  )
}

const INSTALLER = {
  unix: 'curl -fsSL https://claude.ai/install.sh | bash',
  windows: 'irm https://claude.ai/install.ps1 | iex',
}
