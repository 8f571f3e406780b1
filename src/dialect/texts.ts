import type { TextBlock } from '../conversation/types.ts'
import { hasWholeTexts } from './call-arguments.ts'
import type { Remarks } from './remarks.ts'

/**
 * A text as blocks: none if it has no visible character, because the model API refuses such a text.
 */
export function toTextBlocks(text: string): TextBlock[] {
  return text.trim() === '' ? [] : [{ type: 'text', text }]
}

type WithContent = { role?: string | undefined; content?: unknown }

/**
 * Reports texts of messages that are left out because they contain only white space. Empty texts
 * are not reported, because nothing is lost. Results of tools keep their white space.
 */
export function nameBlankTexts(
  messages: readonly WithContent[],
  path: string,
  remarks: Remarks,
): void {
  for (const [index, { role, content }] of messages.entries()) {
    if (role !== 'tool' && role !== 'function') {
      nameBlankParts(content, `${path}[${index}].content`, remarks)
    }
  }
}

/** The same for one text, or for a list of parts that may be texts. */
export function nameBlankParts(content: unknown, path: string, remarks: Remarks): void {
  if (typeof content === 'string') return isBlank(content) ? remarks.ignore(path) : undefined
  if (!Array.isArray(content)) return
  for (const [index, part] of content.entries()) {
    if (isTextPart(part) && isBlank(part.text)) remarks.ignore(`${path}[${index}]`)
  }
}

function isTextPart(part: unknown): part is { text: string } {
  return (
    typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string'
  )
}

function isBlank(text: string): boolean {
  return text !== '' && text.trim() === ''
}

/** The output of a tool is data, so white space is kept. */
export function toDataBlocks(text: string): TextBlock[] {
  return text === '' ? [] : [{ type: 'text', text }]
}

/** A system prompt that begins with this replaces the CLI's own header. */
export const CLI_HEADER = 'x-anthropic-billing-header:'

/** If a system prompt is exactly one of these lines, the CLI takes it for its own. */
const CLI_LINES: ReadonlySet<string> = new Set([
  "You are Claude Code, Anthropic's official CLI for Claude.",
  "You are Claude Code, Anthropic's official CLI for Claude, running within the Claude Agent SDK.",
  "You are a Claude agent, built on Anthropic's Claude Agent SDK.",
  '__SYSTEM_PROMPT_DYNAMIC_BOUNDARY__',
])

/**
 * Joins instructions into one system prompt, in order, without those of white space alone. If the
 * CLI would take the result for its own text, a line break is added, and `path` is reported as
 * changed.
 */
export function joinInstructions(texts: readonly string[], path: string, remarks: Remarks): string {
  const joined = texts.filter((text) => text.trim() !== '').join('\n\n')
  if (!joined.startsWith(CLI_HEADER) && !CLI_LINES.has(joined)) return joined
  remarks.change(path)
  return CLI_LINES.has(joined) ? `${joined}\n` : `\n${joined}`
}

/**
 * Reports the texts in a part of the request that contain a lone surrogate, because it becomes
 * U+FFFD.
 */
export function nameBrokenTexts(part: unknown, path: string, remarks: Remarks): void {
  if (hasWholeTexts(part)) return
  const left: [value: unknown, path: string][] = [[part, path]]
  for (let next = left.pop(); next; next = left.pop()) {
    const [value, at] = next
    if (typeof value === 'string' && !value.isWellFormed()) remarks.change(at)
    if (typeof value !== 'object' || value === null) continue
    for (const [key, inner] of Object.entries(value)) {
      left.push([inner, Array.isArray(value) ? `${at}[${key}]` : `${at}.${key.toWellFormed()}`])
    }
  }
}
