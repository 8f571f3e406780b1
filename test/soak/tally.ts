import type { Verdict } from './client.ts'
import type { Ask } from './journey.ts'
import type { Finding } from './model.ts'
import type { Outcome } from './outcome.ts'

/** Examples that are printed; the counts are whole. */
const MAX_EXAMPLES = 20

type Kind = Verdict['kind'] | Finding['kind'] | 'refused'

/** Counts of what was asked and how it ended. */
export class Tally {
  readonly counts: Record<Kind, number> = {
    ...{ right: 0, 'proper error': 0, left: 0, refused: 0 },
    ...{ wrong: 0, lost: 0, mixed: 0, doubled: 0 },
  }
  readonly byKind = new Map<string, number>()
  readonly byWorker = new Map<string, number>()
  readonly byFault = new Map<string, number>()
  readonly byKey = new Map<string, number>()
  readonly byAttack = new Map<string, number>()
  readonly examples: string[] = []
  requests = 0
  running = 0

  begin({ kind, stream, talk, plan, leaves }: Ask): void {
    this.requests++
    this.running++
    increment(this.byKind, kind)
    increment(this.byKey, talk.key)
    increment(this.byKind, stream ? 'streamed' : 'plain')
    increment(this.byKind, talk.dialect)
    if (leaves) increment(this.byKind, 'aborting')
    if (plan.fault) increment(this.byFault, plan.fault)
    else if (plan.reply.stop !== 'end_turn') increment(this.byFault, plan.reply.stop)
  }

  worker({ worker }: Outcome): void {
    if (worker !== null) increment(this.byWorker, worker)
  }

  beginAttack(name: string): void {
    this.requests++
    this.running++
    increment(this.byAttack, name)
  }

  /** `wrong` is what an attack got that should have been refused. */
  endAttack(wrong: string | undefined): void {
    this.running--
    this.counts[wrong === undefined ? 'refused' : 'wrong']++
    if (wrong !== undefined) this.#example({ kind: 'wrong', text: wrong })
  }

  end(verdict: Verdict): void {
    this.running--
    this.counts[verdict.kind]++
    if ('text' in verdict) this.#example(verdict)
  }

  /** What the model saw, beside the answers. */
  report(finding: Finding): void {
    this.counts[finding.kind]++
    this.#example(finding)
  }

  #example({ kind, text }: { kind: Kind; text: string }): void {
    if (this.examples.length >= MAX_EXAMPLES) return
    console.log(`  ${kind}: ${text}`)
    this.examples.push(`${kind}: ${text}`)
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
