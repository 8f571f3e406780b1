import type { ContenderName } from '../contenders/contender.ts'
import { bare } from '../conversations.ts'
import { type Sample, type Scenario, timeAnswer } from '../measure.ts'
import { ownCpuSecondsOf, pssMbOf } from '../processes.ts'

/** A CLI that was just booted goes on tidying up for a while. */
const CALM_MS = 10_000
/** The kernel counts in steps of 10 ms, so this long for steps of 30 ms a minute. */
const IDLE_MS = 20_000
const SERVERS: ContenderName[] = ['us', 'peer', 'direct']

/** From the start of the process to the first request that is answered. */
export const START_UP: Scenario = {
  name: 'start-up',
  title: 'start-up',
  contenders: SERVERS,
  rounds: { full: 4, quick: 1 },
  warmUp: false,
  figures: [
    { key: 'models', title: 'until /v1/models answers', unit: 'ms' },
    { key: 'answer', title: 'until the end of a first answer', unit: 'ms' },
  ],
  async sample(bed, { name }): Promise<Sample> {
    bed.upstream.record()
    const start = performance.now()
    const fresh = await bed.start(name)
    try {
      const models = performance.now() - start
      await timeAnswer(fresh, bare)
      return { models, answer: performance.now() - start }
    } finally {
      await fresh.stop()
    }
  },
}

/** A server that has answered once and has nothing to do, then the one that served this whole run. */
export const IDLE: Scenario = {
  name: 'idle',
  title: 'at rest',
  contenders: SERVERS,
  rounds: { full: 2, quick: 0 },
  warmUp: false,
  figures: [
    { key: 'server', title: 'memory of the server alone', unit: 'MB' },
    { key: 'all', title: 'memory with its workers', unit: 'MB' },
    { key: 'cpuServer', title: 'CPU a minute, the server alone', unit: 's', statistic: 'mean' },
    { key: 'cpuAll', title: 'CPU a minute, with its workers', unit: 's', statistic: 'mean' },
    { key: 'used', title: 'memory of the server alone after this run', unit: 'MB' },
  ],
  async sample(bed, contender): Promise<Sample> {
    bed.upstream.record()
    const fresh = await bed.start(contender.name)
    try {
      await timeAnswer(fresh, bare)
      await fresh.settle()
      await Bun.sleep(CALM_MS)
      const pids = fresh.pids()
      const [server = 0] = pids
      const used = pids.map(ownCpuSecondsOf)
      await Bun.sleep(IDLE_MS)
      const perMinute = pids.map(
        (pid, index) => ((ownCpuSecondsOf(pid) - (used[index] ?? 0)) * 60_000) / IDLE_MS,
      )
      return {
        server: pssMbOf([server]),
        all: pssMbOf(pids),
        cpuServer: perMinute[0] ?? 0,
        cpuAll: perMinute.reduce((sum, value) => sum + value, 0),
        used: pssMbOf(contender.pids().slice(0, 1)),
      }
    } finally {
      await fresh.stop()
    }
  },
}
