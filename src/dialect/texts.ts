import { isObject, type JsonObject } from '../conversation/is-object.ts'
import type { TextBlock } from '../conversation/types.ts'
import { hasWholeTexts } from './calls/call-arguments.ts'
import type { Remarks } from './remarks.ts'

/**
 * A text as blocks: none if it has no visible character, because the model API refuses such a text.
 */
export function toTextBlocks(text: string): TextBlock[] {
  return text.trim() === '' ? [] : [{ type: 'text', text }]
}

/**
 * Names what of a request's texts does not reach the model as it was sent. `parts` are the fields
 * that the model reads: texts, lists of parts, or messages.
 */
export function nameTexts(parts: Readonly<Record<string, unknown>>, remarks: Remarks): void {
  for (const [path, part] of Object.entries(parts)) {
    nameBrokenTexts(part, path, remarks)
    nameBlankParts(part, path, remarks)
    for (const [index, message] of (Array.isArray(part) ? part : []).entries()) {
      if (isPrompting(message)) {
        nameBlankParts(message['content'], `${path}[${index}].content`, remarks)
      }
    }
  }
}

/** The results of tools keep their blanks. */
function isPrompting(message: unknown): message is JsonObject {
  if (!isObject(message)) return false
  const { role } = message
  return typeof role === 'string' && role !== 'tool' && role !== 'function'
}

/**
 * Names the texts that are left out because they hold blanks alone, in one text or a list of parts.
 * Empty texts say nothing, so nothing is lost with them.
 */
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

/** Names the texts in a part of the request that hold half a surrogate pair: it becomes U+FFFD. */
function nameBrokenTexts(part: unknown, path: string, remarks: Remarks): void {
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
