/**
 * The CLI normalises every text of a tool (NFKC) and strips what has no shape of its own: format
 * characters, private and unassigned ones, halves of surrogate pairs. It does so until nothing
 * changes any more.
 */
const STRIPPED = /[\p{Cf}\p{Co}\p{Cn}\p{Cs}]/u
const ASCII = /^\p{ASCII}*$/u

/** More combining marks in a row than this no language has, and normalising takes their square. */
const MARK_RUN = /\p{M}{31}/u
/** Of a row of 400,000 the CLI is busy for minutes. */
export const MAX_MARKS = 500
const MARK_FLOOD = new RegExp(`\\p{M}{${MAX_MARKS}}`, 'uy')

/** How many characters of one request are looked at closely: 0.1 s in the worst case. */
const BUDGET_CHARS = 300_000

/** Tells which texts of one request reach the model as they are. */
export class CliText {
  #budget = BUDGET_CHARS

  /** Whether so much has been looked at that no other text will be. */
  get isSpent(): boolean {
    return this.#budget < 0
  }

  /** False for a text that the CLI alters, and for one that would take too long to compare. */
  carries(text: string): boolean {
    if (ASCII.test(text)) return true
    this.#budget -= text.length
    if (this.isSpent || MARK_RUN.test(text)) return false
    return text === text.normalize('NFKC') && !STRIPPED.test(text)
  }
}

/** Whether a text has a row of twice `MAX_MARKS` combining marks; one of less than that may do. */
export function isMarkFlood(text: string): boolean {
  for (let index = 0; index < text.length; index += MAX_MARKS) {
    MARK_FLOOD.lastIndex = index
    if (MARK_FLOOD.test(text)) return true
  }
  return false
}

/** The same regular expression in ASCII, which the CLI leaves alone. */
export function toAsciiPattern(pattern: string): string {
  // A backslash before a character that needs none goes: `\é` means `é`.
  return pattern.replaceAll(/(\\\p{ASCII})|\\?(\P{ASCII})/gu, (_, escaped, char) =>
    typeof escaped === 'string' ? escaped : String(char).split('').map(toEscape).join(''),
  )
}

function toEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
