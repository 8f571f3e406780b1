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
  /** The limit is to be reached, not kept below. */
  atLeast?: true
  /** Not meeting it fails the run. */
  required?: true
}

export type BarResult = Bar & { value: number | undefined; met: boolean | undefined }

const NEW = 'first token, new conversation'
const LOADS = {
  'in-a-row': 'in a row',
  'sustained-4': '4 at a time',
  'sustained-16': '16 at a time',
}

const BARS: readonly Bar[] = [
  { ...bar(NEW, 'hi', 'first', 0.25, 'peer'), required: true },
  bar(NEW, 'hi', 'first', 0.09, 'peer'),
  bar(NEW, 'hi', 'first', 1.3, 'live'),
  bar(`${NEW}, unknown system prompt`, 'unknown', 'first', 0.17, 'peer'),
  bar('first token, further turn', 'further-turn', 'first', 0.08, 'peer'),
  bar('first token, further turn', 'further-turn', 'first', 1.25, 'live'),
  bar('CPU per further turn', 'further-turn', 'cpu', 0.12, 'peer'),
  bar('first token, text behind a tool result', 'tool-result-text', 'first', 0.1, 'peer'),
  bar('first token, changed end', 'passing-end-10', 'first', 0.1, 'peer'),
  bar('CPU, changed end', 'passing-end-10', 'cpu', 0.15, 'peer'),
  bar('first token, the same again', 'regenerate-10', 'first', 0.1, 'peer'),
  bar('CPU, the same again', 'regenerate-10', 'cpu', 0.15, 'peer'),
  ...Object.entries(LOADS).flatMap(([scenario, title]): Bar[] => [
    {
      ...bar(`new conversations ${title}, requests a second`, scenario, 'rate', 12, 'peer'),
      atLeast: true,
    },
    bar(`new conversations ${title}, CPU`, scenario, 'cpu', 0.12, 'peer'),
    bar(`new conversations ${title}, requests to the model API per turn`, scenario, 'posts', 1),
  ]),
  bar('1,000 conversations, memory in times the start', 'thousand', 'growth', 1.25),
  bar('32 at once, total', 'burst-32', 'total', 0.15, 'peer'),
  bar('32 at once, peak memory', 'burst-32', 'memory', 0.4, 'peer'),
  bar('added per chunk', 'chunks', 'median', 1.2, 'cold'),
  bar(
    '200 earlier messages, request to upstream',
    'history-200',
    'post',
    1.2,
    'prebooted',
    'resumed',
  ),
  bar('requests to the model API per turn, boots included', 'traffic', 'posts', 1),
  bar('server alone at rest, MB', 'idle', 'server', 60),
  bar('server alone at rest, CPU seconds a minute', 'idle', 'cpuServer', 0.2),
  bar('server and workers a minute after a burst, MB', 'after-burst', 'all', 400),
  bar(
    'server and workers after ten minutes at rest, CPU seconds a minute',
    'quiet',
    'cpuAll',
    0.25,
  ),
]

/** Each bar with what was reached; `undefined` where this run has not measured it. */
export function judge(results: readonly ScenarioResult[]): BarResult[] {
  return BARS.map((wanted) => {
    const value = reached(wanted, results)
    return { ...wanted, value, met: value === undefined ? undefined : isMet(wanted, value) }
  })
}

function bar(
  title: string,
  scenario: string,
  key: string,
  limit: number,
  ...against: ContenderName[]
): Bar {
  return { title, scenario, key, limit, against }
}

function isMet({ limit, atLeast }: Bar, value: number): boolean {
  return atLeast ? value >= limit : value <= limit
}

function reached({ scenario, key, against, atLeast }: Bar, results: readonly ScenarioResult[]) {
  const result = results.find((candidate) => candidate.scenario.name === scenario)
  const figure = result?.scenario.figures.find((candidate) => candidate.key === key)
  if (!result || !figure) return undefined
  const valueOf = (name: ContenderName) => summarise(result.samples[name] ?? [], figure)?.value
  const us = valueOf('us')
  const others = against.flatMap((name) => valueOf(name) ?? [])
  if (us === undefined || others.length < against.length) return undefined
  if (others.length === 0) return us
  return us / (atLeast ? Math.max(...others) : Math.min(...others))
}
