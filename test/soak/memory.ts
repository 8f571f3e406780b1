import type { Check } from './report.ts'

/** Growth of memory over the run that is put down to chance. */
const FLAT = 1.1
/** A short run is nearly all warm-up, in which only a leak without bounds shows. */
const NEARLY_FLAT = 1.5
const LONG_RUN_MS = 10 * 60_000
/** Memory may grow during this share of the run, because programs warm up. */
const WARM_UP = 0.25

/** Whether the memory, sampled while questions were put, stayed what it was. */
export function memoryChecks(rss: readonly number[], sampleMs: number): Check[] {
  const warm = rss.slice(Math.floor(rss.length * WARM_UP))
  const quarter = Math.ceil(warm.length / 4)
  const [first, last] = [median(warm.slice(0, quarter)), median(warm.slice(-quarter))]
  const figures = `${first.toFixed(0)} MB, then ${last.toFixed(0)} MB`
  const value = `${figures} (most ${Math.max(...rss).toFixed(0)})`
  const bound = rss.length * sampleMs < LONG_RUN_MS ? NEARLY_FLAT : FLAT
  return [{ name: 'memory, first and last quarter', value, passes: last <= first * bound }]
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
