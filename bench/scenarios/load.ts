import type { Contender, ContenderName } from '../contenders/contender.ts'
import { fresh } from '../conversations.ts'
import { type Sample, type Scenario, timeAnswer } from '../measure.ts'
import { pssMbOf, treeOf } from '../processes.ts'
import { quantile } from '../statistics.ts'

/** Reading the memory of many processes takes the kernel a while; more often would slow them. */
const MEMORY_POLL_MS = 250

export const BURSTS: readonly Scenario[] = [
  burst(8, ['us', 'peer', 'cold', 'direct'], { full: 3, quick: 1 }),
  // Each round of one process per request takes a minute and a half.
  burst(32, ['us', 'peer', 'direct'], { full: 2, quick: 0 }),
]

function burst(size: number, contenders: ContenderName[], rounds: Scenario['rounds']): Scenario {
  const all = async (contender: Contender) =>
    Promise.all(Array.from({ length: size }, () => firstToken(contender)))
  return {
    name: `burst-${size}`,
    title: `${size} requests at once`,
    contenders,
    rounds,
    warmUp: false,
    figures: [
      { key: 'total', title: 'until the last answer', unit: 'ms' },
      { key: 'first', title: 'first token', unit: 'ms' },
      { key: 'cpu', title: 'CPU per request', unit: 's', statistic: 'mean' },
      { key: 'memory', title: 'peak memory', unit: 'MB' },
    ],
    async sample(bed, contender): Promise<Sample> {
      const cpuBefore = contender.cpuSeconds()
      await contender.prepare(fresh())
      bed.upstream.record(contender.key)
      const start = performance.now()
      const firsts = await all(contender)
      const total = performance.now() - start
      await contender.settle()
      const cpu = (contender.cpuSeconds() - cpuBefore) / size
      // Once more for the memory, because measuring it takes time away.
      const memory = await peakMemoryMb(contender, () => all(contender))
      await contender.settle()
      return { total, first: quantile(firsts, 0.5), cpu, memory }
    },
  }
}

async function firstToken(contender: Contender): Promise<number> {
  const { arrivals, start } = await timeAnswer(contender, fresh())
  return (arrivals[0]?.at ?? start) - start
}

async function peakMemoryMb(contender: Contender, work: () => Promise<unknown>): Promise<number> {
  let peak = 0
  const measure = () => {
    const pids = contender.pids().flatMap((pid) => treeOf(pid).map((stat) => stat.pid))
    peak = Math.max(peak, pssMbOf([...new Set(pids)]))
  }
  const timer = setInterval(measure, MEMORY_POLL_MS)
  try {
    await work()
    // What ends faster than the timer ticks is measured where it stands.
    measure()
  } finally {
    clearInterval(timer)
  }
  return peak
}
