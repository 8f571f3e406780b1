import type { TextBlock } from '../conversation/types.ts'
import { hasWholeTexts } from './call-arguments.ts'
import type { Remarks } from './remarks.ts'

/** The model API refuses text without a visible character, and such a text says nothing. */
export function toTextBlocks(text: string): TextBlock[] {
  return text.trim() === '' ? [] : [{ type: 'text', text }]
}

/** A tool's output is data: blanks are as good as anything. */
export function toDataBlocks(text: string): TextBlock[] {
  return text === '' ? [] : [{ type: 'text', text }]
}

/** A system prompt that begins like this replaces what the CLI says of itself. */
const CLI_HEADER = 'x-anthropic-billing-header:'

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
