import type { Tally } from './tally.ts'

export type Check = { name: string; value: string; passes: boolean }

export type Report = { tally: Tally; checks: readonly Check[]; seconds: number; seed: number }

/** Texts that must not be found. */
const FORBIDDEN = ['wrong', 'lost', 'mixed', 'doubled'] as const

/** Prints a short table; whether everything held. */
export function printReport({ tally, checks, seconds, seed }: Report): boolean {
  const { counts, requests } = tally
  const all: Check[] = [
    ...FORBIDDEN.map((kind) => ({
      ...{ name: kind, value: String(counts[kind]), passes: counts[kind] === 0 },
    })),
    {
      name: 'requests that did not end',
      value: String(tally.running),
      passes: tally.running === 0,
    },
    ...checks,
  ]
  const rows = [
    ['requests', `${requests} in ${Math.round(seconds)} s`],
    ['asked for', list(tally.byKind)],
    ['went wrong at the model', list(tally.byFault)],
    ['workers', list(tally.byWorker)],
    ['by key', list(tally.byKey)],
    ['hostile', list(tally.byAttack)],
    ['hostile and refused', String(counts.refused)],
    ['right and whole', String(counts.right)],
    ['proper errors', String(counts['proper error'])],
    ['the client left', String(counts.left)],
    ...all.map(({ name, value, passes }) => [name, passes ? value : `${value}  VIOLATION`]),
  ]
  const passes = all.every((check) => check.passes)
  console.log('')
  for (const [name = '', value = ''] of rows) console.log(`${name.padEnd(42)} ${value}`)
  for (const example of tally.examples) console.log(`  ${example}`)
  console.log(passes ? '\nNothing lost, nothing left.' : `\nFAILED; again with --seed ${seed}`)
  return passes
}

function list(counts: ReadonlyMap<string, number>): string {
  const entries = [...counts].toSorted(([, a], [, b]) => b - a)
  return entries.map(([name, count]) => `${name} ${count}`).join(', ')
}
