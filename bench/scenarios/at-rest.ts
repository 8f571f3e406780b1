import type { ContenderName } from '../contenders/contender.ts'
import { continued, fresh } from '../conversations.ts'
import { type Sample, type Scenario, timeAnswer } from '../measure.ts'
import { ownCpuSecondsOf, pssMbOf } from '../processes.ts'

/** A CLI that was just booted goes on tidying up for a while. */
const CALM_MS = 10_000
/** The kernel counts in steps of 10 ms, so this long for steps of 30 ms a minute. */
const IDLE_MS = 20_000
const SERVERS: ContenderName[] = ['us', 'peer', 'direct']
/** The requests of a burst after which memory is read. */
const BURST = 32
/** For how many times `--seconds` a quiet machine has been quiet, and for how many it is watched. */
const QUIET_FOR = 10
const WATCHED_FOR = 2
/** How much longer than its rest a sample of a server at rest may take. */
const START_AND_STOP_MS = 180_000

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
    const start = performance.now()
    const server = await bed.start(name)
    try {
      const models = performance.now() - start
      await timeAnswer(server, fresh())
      return { models, answer: performance.now() - start }
    } finally {
      await server.stop()
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
    const server = await bed.start(contender.name)
    try {
      await timeAnswer(server, fresh())
      await server.settle()
      await Bun.sleep(CALM_MS)
      const pids = server.pids()
      const used = pids.map(ownCpuSecondsOf)
      await Bun.sleep(IDLE_MS)
      const perMinute = pids.map(
        (pid, index) => ((ownCpuSecondsOf(pid) - (used[index] ?? 0)) * 60_000) / IDLE_MS,
      )
      return {
        server: pssMbOf(pids.slice(0, 1)),
        all: pssMbOf(pids),
        cpuServer: perMinute[0] ?? 0,
        cpuAll: perMinute.reduce((sum, value) => sum + value, 0),
        used: pssMbOf(contender.pids().slice(0, 1)),
      }
    } finally {
      await server.stop()
    }
  },
}

/** What a server asks of the model API for a few conversations, from its start to its end. */
export const TRAFFIC: Scenario = {
  name: 'traffic',
  title: 'requests to the model API, boots included',
  contenders: SERVERS,
  rounds: { full: 1, quick: 1 },
  warmUp: false,
  figures: [{ key: 'posts', title: 'requests to the model API per turn', unit: '' }],
  async sample(bed, { name }): Promise<Sample> {
    const server = await bed.start(name)
    const recording = bed.upstream.recordingOf(server.key)
    let turns = 0
    try {
      for (let count = 0; count < 3; count++) {
        const first = fresh()
        const { text } = await timeAnswer(server, first)
        await timeAnswer(server, continued(first, text))
        turns += 2
      }
      await server.settle()
    } finally {
      await server.stop()
    }
    return { posts: (recording.posts.length + recording.others) / turns }
  },
}

/** What a burst leaves behind when it has been over for a while. */
export const AFTER_BURST: Scenario = {
  name: 'after-burst',
  title: `a minute after ${BURST} requests at once`,
  contenders: ['us', 'peer'],
  rounds: { full: 1, quick: 0 },
  warmUp: false,
  limitMs: (seconds) => seconds * 1000 + START_AND_STOP_MS,
  figures: [{ key: 'all', title: 'memory of the server with its workers', unit: 'MB' }],
  async sample(bed, { name }): Promise<Sample> {
    const server = await bed.start(name)
    try {
      await timeAnswer(server, fresh())
      await Promise.all(Array.from({ length: BURST }, () => timeAnswer(server, fresh())))
      await Bun.sleep(bed.seconds * 1000)
      return { all: pssMbOf(server.pids()) }
    } finally {
      await server.stop()
    }
  },
}

/** What a server costs that nobody has asked anything for ten minutes. */
export const QUIET: Scenario = {
  name: 'quiet',
  title: 'at rest for ten minutes',
  contenders: ['us'],
  rounds: { full: 1, quick: 0 },
  warmUp: false,
  limitMs: (seconds) => (QUIET_FOR + WATCHED_FOR) * seconds * 1000 + START_AND_STOP_MS,
  figures: [
    { key: 'cpuAll', title: 'CPU a minute, with its workers', unit: 's', statistic: 'mean' },
    { key: 'all', title: 'memory with its workers', unit: 'MB' },
  ],
  async sample(bed, { name }): Promise<Sample> {
    const server = await bed.start(name)
    try {
      await timeAnswer(server, fresh())
      await Bun.sleep(QUIET_FOR * bed.seconds * 1000)
      const watched = WATCHED_FOR * bed.seconds
      const used = server.cpuSeconds()
      await Bun.sleep(watched * 1000)
      const cpuAll = ((server.cpuSeconds() - used) * 60) / watched
      return { cpuAll, all: pssMbOf(server.pids()) }
    } finally {
      await server.stop()
    }
  },
}
