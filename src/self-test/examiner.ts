import type { Abilities } from '../claude/abilities.ts'
import { stampOf } from '../claude/install/stamp.ts'
import { within } from '../claude/within.ts'
import { digestOf } from '../conversation/digest.ts'
import { shuttingDown, TurnError, toTurnError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Finding } from './examine.ts'
import { unfit } from './unfit.ts'
import type { Verdict, VerdictFile } from './verdict-file.ts'

/** npm takes the CLI away for 17 to 40 s while it installs another version. */
const UPDATE_MS = 60_000
const LOOK_MS = 250
/** For a client that asks while the CLI is away for longer than that. */
const RETRY_AFTER_S = 5
/** Measured: 2 s alone on two cores, 12 s beside ten times as much work as there are cores. */
const EXAMINE_MS = 90_000
/** So long a CLI that cannot be used is not examined again. */
const REFUSED_MS = 60_000

export type ExaminerOptions = {
  /** Absolute path of the CLI. */
  path: string
  /** Whether every CLI is used as it is. */
  skip: boolean
  /** The version of the CLI that is there now, if it is known. */
  version?: string | undefined
  /** Reads the version of the CLI; throws if it cannot be used for its age. */
  readVersion: () => Promise<string>
  examine: (signal: AbortSignal) => Promise<Finding[]>
  file: VerdictFile
  /** The names of all claims. */
  claims: readonly string[]
  abilities: Abilities
  log: Log
  updateMs?: number
}

/** What is known of the CLI: for the banner, `/ready` and the log. */
export type CliState = {
  version: string | undefined
  selfTest: 'running' | 'passed' | 'skipped' | 'failed'
  /** What is done without, because the CLI does not do it as expected. */
  off: readonly string[]
  /** Why it cannot be used now. */
  problem: string | undefined
}

type Judged = { stamp: string; version: Promise<string>; verdict: Promise<void>; until: number }

/** Looks at the installed CLI before each start, and examines one that it has not seen before. */
export class Examiner {
  readonly #options: ExaminerOptions
  readonly #closed = new AbortController()
  #judged: Judged | undefined
  #missingSince: number | undefined
  #state: CliState

  constructor(options: ExaminerOptions) {
    this.#options = options
    this.#state = { version: options.version, selfTest: 'running', off: [], problem: undefined }
  }

  get state(): CliState {
    return this.#state
  }

  /**
   * Resolves when there is a CLI that says its version, which takes a while during an update. It is
   * not yet known to be of use: see `verdict`.
   */
  async identified(): Promise<void> {
    for (;;) {
      try {
        await this.#judgement().version
        this.#missingSince = undefined
        return
      } catch (error) {
        const { kind, message } = toTurnError(error)
        if (kind !== 'cli_missing') throw error
        this.#judged = undefined
        this.#state = { ...this.#state, problem: message }
        this.#missingSince ??= performance.now()
        const { updateMs = UPDATE_MS } = this.#options
        const isUpdate = performance.now() - this.#missingSince < updateMs
        if (!isUpdate || this.#closed.signal.aborted) {
          throw new TurnError(kind, message, { cause: error, retryAfterS: RETRY_AFTER_S })
        }
        await Bun.sleep(LOOK_MS)
      }
    }
  }

  /** Resolves when the CLI that is there may be used; throws why it may not. */
  async verdict(): Promise<void> {
    await this.identified()
    await this.#judgement().verdict
  }

  /** Ends an examination; who waits for a CLI that is missing waits no longer. */
  async close(): Promise<void> {
    this.#closed.abort()
    await this.#judged?.verdict.catch(() => {})
  }

  /** Of the CLI that is there now; throws if there is none. */
  #judgement(): Judged {
    const { path } = this.#options
    const stamp = stampOf(path)
    if (stamp === undefined)
      throw new TurnError('cli_missing', `There is no claude CLI at ${path}.`)
    const judged = this.#judged
    if (judged?.stamp === stamp && performance.now() < judged.until) return judged
    const version = this.#identify(judged === undefined && this.#missingSince === undefined)
    const next: Judged = { stamp, version, verdict: this.#judge(stamp, version), until: Infinity }
    next.verdict.catch((error: unknown) => {
      next.until = performance.now() + REFUSED_MS
      const { message } = toTurnError(error)
      this.#state = { ...this.#state, selfTest: 'failed', problem: message }
    })
    this.#judged = next
    return next
  }

  /** The version that is given is that of the first CLI. */
  async #identify(isFirst: boolean): Promise<string> {
    const { version, readVersion, skip } = this.#options
    if (isFirst && version !== undefined) return version
    // Then nothing depends on it.
    if (isFirst && skip) return ''
    return readVersion()
  }

  async #judge(stamp: string, identified: Promise<string>): Promise<void> {
    const { skip, log, file, claims } = this.#options
    const version = (await identified) || undefined
    const before = this.#state.version
    if (before !== undefined && before !== version) {
      log.info(`The claude CLI is now version ${version}; it was ${before}.`)
    }
    this.#state = { version, selfTest: 'running', off: [], problem: undefined }
    if (skip || version === undefined) return this.#accept('skipped', [])
    const verdicts = file.read()
    const digest = digestOf(claims)
    const known = verdicts.find(
      (one) => one.stamp === stamp && one.version === version && one.claims === digest,
    )
    if (known) return this.#accept('passed', known.off)
    log.info(`Examining claude ${version}, which is new here; requests wait for it.`)
    const startedAt = performance.now()
    const off = await this.#examine(version, verdicts)
    const ms = Math.round(performance.now() - startedAt)
    log.info(`The self-test of claude ${version} is passed.`, { ms, off })
    this.#accept('passed', off)
    this.#remember({ stamp, version, claims: digest, off })
  }

  /** The claims that do not hold; throws if it cannot be used. */
  async #examine(version: string, verdicts: readonly Verdict[]): Promise<string[]> {
    const { signal } = this.#closed
    const examine = () => within(this.#options.examine(signal), EXAMINE_MS)
    let findings = await examine()
    // A machine that stalls for seconds can break a claim. It does not do so twice.
    const isSure = findings?.every(({ wrong }) => wrong === undefined) || signal.aborted
    if (!isSure) findings = await examine()
    if (signal.aborted) throw shuttingDown()
    const broken = findings?.filter(({ wrong }) => wrong !== undefined)
    if (!broken || broken.some(({ claim }) => claim.level === 'required')) {
      throw unfit(version, broken, verdicts)
    }
    return broken.map(({ claim }) => claim.level)
  }

  #accept(selfTest: 'passed' | 'skipped', off: readonly string[]): void {
    const { abilities, log } = this.#options
    abilities.rewind.isAllowed = !off.includes('rewind')
    abilities.anchor.isAllowed = !off.includes('anchor')
    this.#state = { ...this.#state, selfTest, off, problem: undefined }
    for (const { isOn, name } of [abilities.rewind, abilities.anchor]) {
      if (!isOn) log.warn(`This claude CLI does not ${name}: answers are right, but slower.`)
    }
  }

  #remember(verdict: Verdict): void {
    const { file, log } = this.#options
    try {
      file.add(verdict)
    } catch (error) {
      log.warn('The self-test could not be remembered, so the next start repeats it.', { error })
    }
  }
}
