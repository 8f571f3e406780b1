import { join } from 'node:path'
import { type Fault, faultsIn } from './faults.ts'

const ROOT = join(import.meta.dir, '../..')

export type Planted = { path: string; source: string; fault: Fault }

/** Every fault that can be planted in these files. */
export async function faultsOf(paths: readonly string[]): Promise<Planted[]> {
  const sources = await Promise.all(
    paths.map(async (path) => ({ path, source: await Bun.file(join(ROOT, path)).text() })),
  )
  return sources.flatMap(({ path, source }) =>
    faultsIn(source).map((fault) => ({ path, source, fault })),
  )
}

/**
 * `count` faults, chosen by the seed. Each fault draws its lot from what it is, not from where it
 * stands in the list: when one file changes, the sample stays the same in all others.
 */
export function sample(all: readonly Planted[], count: number, seed: number): Planted[] {
  const twins = new Map<string, number>()
  const lots = all.map((one) => {
    const name = `${one.path}\n${one.fault.kind}\n${codeOf(one)}`
    const nth = twins.get(name) ?? 0
    twins.set(name, nth + 1)
    return { one, lot: Bun.hash(`${seed}\n${name}\n${nth}`) }
  })
  const sorted = lots.toSorted((a, b) => (a.lot < b.lot ? -1 : Number(a.lot > b.lot)))
  return sorted.slice(0, count).map(({ one }) => one)
}

/** Where a fault is, and what it does there. */
export function describe(planted: Planted): string {
  const { path, source, fault } = planted
  const line = source.slice(0, fault.start).split('\n').length
  return `${path}:${line}  ${fault.kind}: ${codeOf(planted).slice(0, 100)}`
}

const codeOf = ({ source, fault }: Planted) =>
  source.slice(fault.start, fault.end).replaceAll(/\s+/g, ' ')
