import type { Figure, Sample } from './measure.ts'

export type Summary = { value: number; p95: number; n: number }

export function summarise(
  samples: readonly Sample[],
  { key, statistic = 'median' }: Figure,
): Summary | undefined {
  const values = samples.flatMap((sample) => sample[key] ?? [])
  if (values.length === 0) return undefined
  const value = statistic === 'mean' ? mean(values) : quantile(values, 0.5)
  return { value, p95: quantile(values, 0.95), n: values.length }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** With linear interpolation between neighbours, as most tools do it. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const low = sorted[Math.floor(position)] ?? Number.NaN
  const high = sorted[Math.ceil(position)] ?? Number.NaN
  return low + (high - low) * (position % 1)
}
