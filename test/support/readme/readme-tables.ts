import { MESSAGES_PARAMETERS } from '../../../src/anthropic/messages-parameters.ts'
import type { ParameterTable } from '../../../src/dialect/parameters.ts'
import { CHAT_PARAMETERS } from '../../../src/openai/chat/parameters.ts'
import { COMPLETIONS_PARAMETERS } from '../../../src/openai/completions/parameters.ts'
import { RESPONSES_PARAMETERS } from '../../../src/openai/responses/parameters.ts'
import { EXIT_CODES } from '../../../src/commands/failed-start.ts'
import { HELP } from '../../../src/settings.ts'

/** The tables of the README that are made from code, by the name between their markers. */
export const TABLES: Readonly<Record<string, () => string>> = {
  settings: () =>
    table(
      ['setting', 'default', 'meaning'],
      Object.entries(HELP).map(([name, { hint, text, byDefault, repeatable }]) => [
        `\`--${name}${hint === '' ? '' : ` ${hint}`}\`${repeatable ? ' (repeatable)' : ''}`,
        byDefault,
        text,
      ]),
    ),
  'exit-codes': () => table(['code', 'meaning'], Object.entries(EXIT_CODES)),
  parameters: () => parameterTable(CHAT_PARAMETERS),
  'responses-parameters': () => parameterTable(RESPONSES_PARAMETERS),
  'messages-parameters': () => parameterTable(MESSAGES_PARAMETERS),
  'completions-parameters': () => parameterTable(COMPLETIONS_PARAMETERS),
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

/** The README with its tables as the code has them now. */
export function withTables(readme: string): string {
  return Object.entries(TABLES).reduce((text, [name, render]) => {
    const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
    const [before, after] = [text.indexOf(start), text.indexOf(end)]
    if (before === -1 || after < before) throw new Error(`README.md has no markers for ${name}`)
    return `${text.slice(0, before + start.length)}\n${render()}\n${text.slice(after)}`
  }, readme)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
