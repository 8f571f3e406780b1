import type { TextBlock } from '../conversation/types.ts'
import { hasWholeTexts } from './call-arguments.ts'
import type { Remarks } from './remarks.ts'

/** The model API refuses text without a visible character, and such a text says nothing. */
export function toTextBlocks(text: string): TextBlock[] {
  return text.trim() === '' ? [] : [{ type: 'text', text }]
}

type WithContent = { role?: string | undefined; content?: unknown }

/**
 * Names the texts of messages that are left out because they hold blanks alone. Empty texts say
 * nothing, so nothing is lost with them; the results of tools keep their blanks.
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

/** The same for one text, or a list of parts that may be texts. */
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

/** A tool's output is data: blanks are as good as anything. */
export function toDataBlocks(text: string): TextBlock[] {
  return text === '' ? [] : [{ type: 'text', text }]
}

/** A system prompt that begins like this replaces what the CLI says of itself. */
export const CLI_HEADER = 'x-anthropic-billing-header:'

/** The CLI takes a system prompt that is nothing else for a word of its own. */
const CLI_LINES: ReadonlySet<string> = new Set([
  "You are Claude Code, Anthropic's official CLI for Claude.",
  "You are Claude Code, Anthropic's official CLI for Claude, running within the Claude Agent SDK.",
  "You are a Claude agent, built on Anthropic's Claude Agent SDK.",
  '__SYSTEM_PROMPT_DYNAMIC_BOUNDARY__',
])

/**
 * Instructions may stand anywhere; the model API takes them in one place, in order, and none
 * without a visible character. A line break keeps the CLI from taking them for its own; `path` is
 * the place to name then.
 */
export function joinInstructions(texts: readonly string[], path: string, remarks: Remarks): string {
  const joined = texts.filter((text) => text.trim() !== '').join('\n\n')
  if (!joined.startsWith(CLI_HEADER) && !CLI_LINES.has(joined)) return joined
  remarks.change(path)
  return CLI_LINES.has(joined) ? `${joined}\n` : `\n${joined}`
}

/** Names the texts in a part of the request that hold half a surrogate pair: it becomes U+FFFD. */
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
