import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Outcome } from './run-tests.ts'

/** What was seen of one version; `wire` is what it sent, `difference` is to the one before it. */
export type Row = {
  version: string
  outcome: Outcome | undefined
  wire: string
  difference: string | undefined
}

/** GitHub refuses an issue of more than 65,536 characters. */
const MAX_DIFFERENCE_CHARS = 15_000

/** The table, the failures and the differences, as Markdown. */
export function report(rows: readonly Row[]): string {
  return [
    '| version | tests passed | failed | seconds | sent, compared with the row above |',
    '|---|---|---|---|---|',
    ...rows.map(tableRow),
    ...rows.flatMap(failuresOf),
    ...rows.flatMap(differenceOf),
    '',
  ].join('\n')
}

function tableRow({ version, outcome, difference }: Row): string {
  const tests = outcome
    ? [outcome.passed, outcome.failed, outcome.seconds]
    : ['not run', 'not run', '']
  return `| ${[version, ...tests, changeOf(difference)].join(' | ').trimEnd()} |`
}

function changeOf(difference: string | undefined): string {
  if (difference === undefined) return ''
  if (difference === '') return 'the same'
  const changed = difference.match(/^[+-](?![+-]{2})/gm)?.length ?? 0
  return changed === 1 ? '1 line changed' : `${changed} lines changed`
}

function failuresOf({ version, outcome }: Row): string[] {
  if (!outcome || outcome.failures.length === 0) return []
  return ['', `Failed with ${version}:`, '', ...outcome.failures.map((name) => `- ${name}`)]
}

function differenceOf({ version, difference }: Row): string[] {
  if (!difference) return []
  const shown = difference.slice(0, MAX_DIFFERENCE_CHARS)
  return ['', `What ${version} sends differently:`, '', '````diff', shown.trimEnd(), '````']
}

/**
 * The difference of two texts as `git diff` shows it, without file names; empty if none. A change
 * that is in several requests is shown once.
 */
export async function diff(before: string, after: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'claude-compat-'))
  try {
    writeFileSync(join(folder, 'before'), before)
    writeFileSync(join(folder, 'after'), after)
    const args = ['diff', '--no-index', '--no-color', '--no-ext-diff', '-U1', 'before', 'after']
    const child = Bun.spawn(['git', ...args], { cwd: folder, stderr: 'ignore' })
    const text = await new Response(child.stdout).text()
    return distinctHunks(text)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function distinctHunks(text: string): string {
  const [, ...hunks] = text.split(/^@@ .*\n/m)
  const changes = hunks.map((hunk): [string, string] => [
    hunk
      .split('\n')
      .filter((line) => /^[+-]/.test(line))
      .join('\n'),
    hunk,
  ])
  // Of a Map's equal keys the last value stays; any of them will do.
  return [...new Map(changes).values()].map((hunk) => `@@\n${hunk}`).join('')
}
