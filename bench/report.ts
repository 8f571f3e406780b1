import type { BarResult } from './bars.ts'
import { CONTENDERS, NAMES } from './contenders/contender.ts'
import type { Figure, ScenarioResult } from './measure.ts'
import { summarise } from './statistics.ts'

const PLOT_CHARS = 50

export type RunFacts = {
  date: string
  quick: boolean
  versions: Record<string, string>
  machine: Record<string, string>
  load: { before: number[]; after: number[] }
  durationS: number
  /** Processes that were still there at the end; there must be none. */
  leftBehind: number
}

/** All that was measured, every single sample included. */
export function toJson(facts: RunFacts, results: readonly ScenarioResult[], bars: BarResult[]) {
  const scenarios = results.map(({ scenario, samples, failures, load }) => ({
    name: scenario.name,
    title: scenario.title,
    figures: scenario.figures.map((figure) => ({
      ...figure,
      summaries: Object.fromEntries(
        NAMES.map((name) => [name, summarise(samples[name] ?? [], figure)]),
      ),
    })),
    samples,
    failures,
    load,
  }))
  return { ...facts, bars, scenarios }
}

export function toMarkdown(
  facts: RunFacts,
  results: readonly ScenarioResult[],
  bars: readonly BarResult[],
): string {
  return [
    head(facts),
    table(results),
    ...plots(results),
    barTable(bars.filter(({ scenario }) => wasRun(scenario, results))),
    ...failureLines(results),
  ].join('\n\n')
}

function head({ date, quick, versions, machine, load, durationS, leftBehind }: RunFacts): string {
  return [
    `${quick ? 'Quick run' : 'Full run'} of ${date}, ${Math.round(durationS)} s.`,
    `Versions: ${list(versions)}.`,
    `Machine: ${list(machine)}; load average before ${load.before.join(' ')}, after ${load.after.join(' ')}.`,
    `Processes left behind: ${leftBehind}.`,
  ].join('\n')
}

/** Medians with the slowest 5 % in brackets, and what matters most: the ratio within this run. */
function table(results: readonly ScenarioResult[]): string {
  const columns = NAMES.map((name) => CONTENDERS[name])
  const rows = results.flatMap((result) => [
    [`**${result.scenario.title}**`, loadText(result), ...columns.map(() => '')],
    ...result.scenario.figures.map((figure) => row(result, figure)),
  ])
  return markdownTable(['', 'us ÷ peer', ...columns], rows)
}

function loadText({ load }: ScenarioResult): string {
  return `load ${load.map((value) => value.toFixed(1)).join(' to ')}`
}

function row({ samples }: ScenarioResult, figure: Figure): string[] {
  const summaries = NAMES.map((name) => summarise(samples[name] ?? [], figure))
  const [us, peer] = summaries
  const cells = summaries.map((summary) => {
    if (!summary) return '–'
    const value = amount(summary.value, figure.unit)
    const spread = summary.n > 2 && figure.statistic !== 'mean' && figure.unit === 'ms'
    return spread ? `${value} (${amount(summary.p95, figure.unit)})` : value
  })
  const ratio = us && peer && peer.value > 0 ? `**${ratioText(us.value / peer.value)}**` : '–'
  const unit = figure.unit === '' ? '' : `, ${figure.unit}`
  return [`${figure.title}${unit}`, ratio, ...cells]
}

function barTable(bars: readonly BarResult[]): string {
  const rows = bars.map(({ title, against, limit, atLeast, value, met, required }) => {
    const names = against.map((name) => CONTENDERS[name]).join(' or ')
    const sign = atLeast ? '≥' : '≤'
    const wanted = names === '' ? `${sign} ${limit}` : `${sign} ${limit} × ${names}`
    const verdict = met === undefined ? 'not measured' : met ? 'met' : '**not met**'
    const reached = value === undefined ? '–' : ratioText(value)
    return [required ? `${title} (required)` : title, wanted, reached, verdict]
  })
  return markdownTable(['bar', 'wanted', 'reached', ''], rows)
}

function wasRun(name: string, results: readonly ScenarioResult[]): boolean {
  return results.some(({ scenario }) => scenario.name === name)
}

/** The time to the first token as a picture. */
function plots(results: readonly ScenarioResult[]): string[] {
  return results.flatMap((result) => {
    const figure = result.scenario.figures.find(({ key }) => key === 'first')
    if (!figure) return []
    const values = NAMES.flatMap((name) => {
      const summary = summarise(result.samples[name] ?? [], figure)
      return summary ? [{ label: CONTENDERS[name], value: summary.value }] : []
    })
    const longest = Math.max(...values.map(({ value }) => value))
    const lines = values.map(({ label, value }) => {
      const bar = '█'.repeat(Math.max(1, Math.round((value / longest) * PLOT_CHARS)))
      return `${label.padEnd(18)}${bar} ${amount(value, figure.unit)}`
    })
    return [['```', `first token, ${result.scenario.title} (ms)`, ...lines, '```'].join('\n')]
  })
}

function failureLines(results: readonly ScenarioResult[]): string[] {
  return results.flatMap(({ scenario, failures }) =>
    Object.entries(failures).map(
      ([name, message]) => `Failed: ${scenario.name}, ${name}: ${message}`,
    ),
  )
}

function amount(value: number, unit: Figure['unit']): string {
  switch (unit) {
    case 'B':
      return String(Math.round(value))
    case 's':
      return value.toFixed(3)
    case '/s':
      return value.toFixed(1)
    case '':
      return String(Math.round(value * 100) / 100)
    case 'ms':
    case 'MB':
      return value.toFixed(value < 10 ? 1 : 0)
    default:
      return unit satisfies never
  }
}

function ratioText(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toFixed(value < 0.1 ? 3 : 2)
}

function markdownTable(header: readonly string[], rows: readonly string[][]): string {
  const lines = [header, header.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function list(entries: Record<string, string>): string {
  return Object.entries(entries)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}
