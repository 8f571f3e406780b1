import { Glob } from 'bun'
import { join } from 'node:path'
import { MESSAGES_PARAMETERS } from '../../../src/anthropic/messages-parameters.ts'
import type { ParameterTable } from '../../../src/dialect/parameters.ts'
import * as OLLAMA from '../../../src/ollama/parameters.ts'
import { CHAT_PARAMETERS } from '../../../src/openai/chat/parameters.ts'
import { COMPLETIONS_PARAMETERS } from '../../../src/openai/completions/parameters.ts'
import { RESPONSES_PARAMETERS } from '../../../src/openai/responses/parameters.ts'
import { EXIT_CODES } from '../../../src/commands/failed-start.ts'
import type { Claim } from '../../../src/self-test/claims.ts'
import { CLAIMS } from '../../../src/self-test/examine.ts'
import { HELP, type SettingName } from '../../../src/settings.ts'

export const ROOT = join(import.meta.dir, '../../..')

/** The documents for users, as paths below the root. */
export const DOCUMENTS = ['README.md', ...new Glob('docs/*.md').scanSync(ROOT)]

/** The settings that most people change; docs/settings.md has all. */
const COMMON: readonly SettingName[] = [
  'port',
  'host',
  'api-key',
  'claude',
  'max-workers',
  'warm-workers',
  'model-alias',
  'log-level',
]

/** The tables that are made from code, by the name between their markers in a document. */
export const TABLES: Readonly<Record<string, () => string>> = {
  'common-settings': () => settingsTable(COMMON),
  settings: () => settingsTable(Object.keys(HELP)),
  'exit-codes': () => table(['code', 'meaning'], Object.entries(EXIT_CODES)),
  claims: () => table(['claim', 'what the CLI does', 'without it'], CLAIMS.map(claimRow)),
  parameters: () => parameterTable(CHAT_PARAMETERS),
  'responses-parameters': () => parameterTable(RESPONSES_PARAMETERS),
  'messages-parameters': () => parameterTable(MESSAGES_PARAMETERS),
  'completions-parameters': () => parameterTable(COMPLETIONS_PARAMETERS),
  'ollama-chat-parameters': () => parameterTable(OLLAMA.CHAT_PARAMETERS),
  'ollama-generate-parameters': () => parameterTable(OLLAMA.GENERATE_PARAMETERS),
}

function settingsTable(names: readonly string[]): string {
  const rows = Object.entries(HELP)
    .filter(([name]) => names.includes(name))
    .map(([name, { hint, text, byDefault, repeatable }]) => [
      `\`--${name}${hint === '' ? '' : ` ${hint}`}\`${repeatable ? ' (repeatable)' : ''}`,
      byDefault,
      text,
    ])
  return table(['setting', 'default', 'meaning'], rows)
}

const WITHOUT: Record<Claim['level'], string> = {
  required: 'the CLI is refused',
  rewind: 'each conversation has a process of its own',
  anchor: 'a history that is put in misses the prompt cache',
}

function claimRow({ name, says, level }: Claim): string[] {
  return [name, says, WITHOUT[level]]
}

function parameterTable(parameters: ParameterTable): string {
  return table(
    ['parameter', '', 'note'],
    Object.entries(parameters).map(([name, { treatment, note }]) => [
      `\`${name}\``,
      treatment,
      note,
    ]),
  )
}

/** A document with its tables as the code has them now; one without markers is left as it is. */
export function withTables(document: string): string {
  return Object.entries(TABLES).reduce((text, [name, render]) => {
    const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
    const [before, after] = [text.indexOf(start), text.indexOf(end)]
    if (before === -1) return text
    if (after < before) throw new Error(`The marker ${end} is missing.`)
    return `${text.slice(0, before + start.length)}\n${render()}\n${text.slice(after)}`
  }, document)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
