import { TurnError } from '../../errors.ts'
import { type Candidate, findCandidates } from './candidates.ts'
import { type LocateOptions, notFound, searchOf } from './locate.ts'
import { readVersion, unsupported, versionProblem } from './version.ts'

/** A candidate and what it says about itself. */
export type Examined = Candidate & {
  /** Undefined if it did not tell, or was not asked because another was chosen before. */
  version: string | undefined
}

/** The CLI that is used, why it is that one, and the others on this machine. */
export type Choice = {
  path: string
  version: string
  source: Candidate['source']
  reason: string
  remarks: readonly string[]
  /** In order of preference; one with no problem was not needed. */
  others: readonly Examined[]
}

/** One line of the list of all CLIs: whether it is the one in use, and why or why not. */
export type Listed = Examined & { chosen: boolean; reason: string }

const FOUND: Readonly<Record<Candidate['source'], string>> = {
  flag: 'given with --claude',
  path: 'the first on PATH that works',
  place: 'in a usual place of installers',
  project: "this project's own copy in node_modules/.bin; no other was found that works",
}

/**
 * Takes the first CLI that works: what cannot be started, does not tell its version or is too old
 * is passed over. `env` is the environment in which the CLI is started.
 */
export async function chooseClaude(
  options: LocateOptions,
  env: NodeJS.ProcessEnv,
): Promise<Choice> {
  const search = searchOf(options)
  const candidates = findCandidates(search)
  const passedOver: Examined[] = []
  const errors: TurnError[] = []
  for (const [index, candidate] of candidates.entries()) {
    const { error, ...examined } = await examine(candidate, env)
    const { version } = examined
    if (examined.problem === undefined && version !== undefined) {
      const unasked = candidates.slice(index + 1).map((one) => ({ ...one, version: undefined }))
      const { path, remarks, source } = examined
      const others = [...passedOver, ...unasked]
      return { path, version, source, reason: FOUND[source], remarks, others }
    }
    passedOver.push(examined)
    if (error) errors.push(error)
  }
  // One that gave no answer may work later; one that is too old needs an update, not an install.
  const kinds = ['timeout', 'cli_too_old']
  const telling = kinds.flatMap((kind) => errors.find((error) => error.kind === kind) ?? [])
  const [only] = errors.length === 1 && candidates.length === 1 ? errors : telling
  throw only ?? notFound(search, passedOver)
}

/**
 * Every CLI on this machine with its version, in order of preference, and why it is used or not.
 * Each is asked for its version.
 */
export async function listClaudes(
  options: LocateOptions,
  env: NodeJS.ProcessEnv,
): Promise<Listed[]> {
  const candidates = findCandidates(searchOf(options))
  const all = await Promise.all(candidates.map((candidate) => examine(candidate, env)))
  const chosen = all.findIndex(({ problem }) => problem === undefined)
  return all.map(({ error: _, ...one }, index) => ({
    ...one,
    chosen: index === chosen,
    reason: one.problem ?? (index === chosen ? FOUND[one.source] : 'another comes first'),
  }))
}

async function examine(
  candidate: Candidate,
  env: NodeJS.ProcessEnv,
): Promise<Examined & { error?: TurnError }> {
  const { path, problem } = candidate
  if (problem !== undefined) return { ...candidate, version: undefined }
  try {
    const version = await readVersion(path, env)
    const error = unsupported(version, path)
    if (error === undefined) return { ...candidate, version }
    return { ...candidate, version, problem: `${version} ${versionProblem(version)}`, error }
  } catch (error) {
    if (!(error instanceof TurnError)) throw error
    // The path stands beside it wherever it is shown.
    const reason = error.message.replace(`${path} `, '')
    return { ...candidate, version: undefined, problem: reason, error }
  }
}
