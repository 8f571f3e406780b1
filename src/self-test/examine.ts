import { Abilities } from '../claude/abilities.ts'
import type { Log } from '../log.ts'
import { LAST_CLAIMS, SCHEMA_CLAIM, STOP_CLAIM } from './answer-claims.ts'
import { Bench, type BenchOptions } from './bench.ts'
import { type Claim, PLAIN_CLAIMS } from './claims.ts'
import { TOOL_CLAIMS } from './tool-claims.ts'

/** What the CLI was seen to do with one claim; `wrong` is missing if the claim holds. */
export type Finding = { claim: Claim; wrong: string | undefined }

/** Two processes, because a schema is given to a process once and for all. */
const PROCESSES: readonly (readonly Claim[])[] = [
  [...PLAIN_CLAIMS, ...TOOL_CLAIMS, STOP_CLAIM, ...LAST_CLAIMS],
  [SCHEMA_CLAIM, ...LAST_CLAIMS],
]

/** Every claim once, in the order in which they are played. */
export const CLAIMS: readonly Claim[] = [...new Set(PROCESSES.flat())]

export type ExamineOptions = Omit<BenchOptions, 'abilities'> & {
  log: Log
  /** Ends all processes; what was found by then is of no use. */
  signal?: AbortSignal
}

/**
 * Plays all claims with the CLI against a scripted model API on loopback, in a home directory that
 * is thrown away. Nothing of the owner's environment but PATH is used, and nothing leaves the
 * machine.
 */
export async function examine(options: ExamineOptions): Promise<Finding[]> {
  const played = await Promise.all(PROCESSES.map((claims) => play(claims, options)))
  const found = played.flat()
  return CLAIMS.map((claim) => ({
    claim,
    wrong: found.find((one) => one.claim === claim && one.wrong !== undefined)?.wrong,
  }))
}

async function play(claims: readonly Claim[], options: ExamineOptions): Promise<Finding[]> {
  const { log, signal } = options
  const bench = new Bench({ ...options, abilities: new Abilities(log) })
  const close = () => bench.close()
  signal?.addEventListener('abort', close)
  try {
    const findings: Finding[] = []
    for (const claim of claims) {
      if (signal?.aborted) break
      const wrong = await claim.check(bench).then(() => undefined, reasonOf)
      // The claims behind it do without.
      if (wrong !== undefined && claim.level !== 'required')
        bench.abilities[claim.level].fail(wrong)
      findings.push({ claim, wrong })
      // The verdict is clear, and requests wait for it.
      if (wrong !== undefined && claim.level === 'required') break
    }
    return findings
  } finally {
    signal?.removeEventListener('abort', close)
    await bench.close()
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
