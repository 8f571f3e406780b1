/**
 * The CLI normalises every text of a tool (NFKC) and removes format characters, private and
 * unassigned characters, and lone surrogates. It repeats this until nothing changes.
 */
const STRIPPED = /[\p{Cf}\p{Co}\p{Cn}\p{Cs}]/u
const ASCII = /^\p{ASCII}*$/u

/**
 * A longer run of combining marks is not in any language, and normalising takes the square of its
 * length.
 */
const MARK_RUN = /\p{M}{31}/u
/** With a run of 400,000 the CLI is busy for minutes. */
export const MAX_MARKS = 500
const MARK_FLOOD = new RegExp(`\\p{M}{${MAX_MARKS}}`, 'uy')

/** How many characters of one request are compared; this takes 0.1 s in the worst case. */
const BUDGET_CHARS = 300_000

/** Tells which texts of one request reach the model unchanged. */
export class CliText {
  #budget = BUDGET_CHARS

  /** Whether the limit is used up, so that no further text is compared. */
  get isSpent(): boolean {
    return this.#budget < 0
  }

  /** False for a text that the CLI changes, and for one that would take too long to compare. */
  carries(text: string): boolean {
    if (ASCII.test(text)) return true
    this.#budget -= text.length
    if (this.isSpent || MARK_RUN.test(text)) return false
    return text === text.normalize('NFKC') && !STRIPPED.test(text)
  }
}

/** Whether a text has a run of twice `MAX_MARKS` combining marks; from `MAX_MARKS` on it may. */
export function isMarkFlood(text: string): boolean {
  for (let index = 0; index < text.length; index += MAX_MARKS) {
    MARK_FLOOD.lastIndex = index
    if (MARK_FLOOD.test(text)) return true
  }
  return false
}

/** The same regular expression in ASCII, which the CLI does not change. */
export function toAsciiPattern(pattern: string): string {
  // A backslash before a character that needs none is dropped: `\é` means `é`.
  return pattern.replaceAll(/(\\\p{ASCII})|\\?(\P{ASCII})/gu, (_, escaped, char) =>
    typeof escaped === 'string' ? escaped : String(char).split('').map(toEscape).join(''),
  )
}

function toEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
