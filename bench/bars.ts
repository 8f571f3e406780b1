import type { ContenderName } from './contenders/contender.ts'
import type { ScenarioResult } from './measure.ts'
import { summarise } from './statistics.ts'

type Bar = {
  title: string
  scenario: string
  key: string
  limit: number
  /** Whom we are measured against, the best of them; nobody means an absolute figure. */
  against: readonly ContenderName[]
  /** Not meeting it fails the run. */
  required?: true
}

export type BarResult = Bar & { value: number | undefined; met: boolean | undefined }

const BARS: readonly Bar[] = [
  {
    title: 'first token, new conversation, warm',
    scenario: 'hi',
    key: 'first',
    limit: 0.25,
    against: ['peer'],
    required: true,
  },
  {
    title: 'first token, new conversation, warm',
    scenario: 'hi',
    key: 'first',
    limit: 0.19,
    against: ['peer'],
  },
  {
    title: 'first token, new conversation, warm',
    scenario: 'hi',
    key: 'first',
    limit: 1.15,
    against: ['prebooted'],
  },
  {
    title: 'first token, further turn',
    scenario: 'further-turn',
    key: 'first',
    limit: 0.08,
    against: ['peer'],
  },
  {
    title: 'first token, further turn',
    scenario: 'further-turn',
    key: 'first',
    limit: 1.25,
    against: ['live'],
  },
  {
    title: 'CPU per further turn',
    scenario: 'further-turn',
    key: 'cpu',
    limit: 0.12,
    against: ['peer'],
  },
  { title: '32 at once, total', scenario: 'burst-32', key: 'total', limit: 0.6, against: ['peer'] },
  {
    title: '32 at once, peak memory',
    scenario: 'burst-32',
    key: 'memory',
    limit: 0.45,
    against: ['peer'],
  },
  { title: 'added per chunk', scenario: 'chunks', key: 'median', limit: 1.2, against: ['cold'] },
  {
    title: 'seeding 200 messages, request to upstream',
    scenario: 'history-200',
    key: 'post',
    limit: 1.2,
    against: ['prebooted', 'resumed'],
  },
  {
    title: 'server alone at rest, MB',
    scenario: 'idle',
    key: 'server',
    limit: 60,
    against: [],
  },
  {
    title: 'server alone at rest, CPU seconds a minute',
    scenario: 'idle',
    key: 'cpuServer',
    limit: 0.2,
    against: [],
  },
]

/** Each bar with what was reached; `undefined` where this run has not measured it. */
export function judge(results: readonly ScenarioResult[]): BarResult[] {
  return BARS.map((bar) => {
    const value = reached(bar, results)
    return { ...bar, value, met: value === undefined ? undefined : value <= bar.limit }
  })
}

function reached({ scenario, key, against }: Bar, results: readonly ScenarioResult[]) {
  const result = results.find((candidate) => candidate.scenario.name === scenario)
  const figure = result?.scenario.figures.find((candidate) => candidate.key === key)
  if (!result || !figure) return undefined
  const valueOf = (name: ContenderName) => summarise(result.samples[name] ?? [], figure)?.value
  const us = valueOf('us')
  const others = against.flatMap((name) => valueOf(name) ?? [])
  if (us === undefined || others.length < against.length) return undefined
  return others.length === 0 ? us : us / Math.min(...others)
}
