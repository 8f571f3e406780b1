/**
 * The CLI normalises every text of a tool (NFKC) and strips what has no shape of its own: format
 * characters, private and unassigned ones, halves of surrogate pairs. It does so until nothing
 * changes any more.
 */
const STRIPPED = /[\p{Cf}\p{Co}\p{Cn}\p{Cs}]/u
const ASCII = /^\p{ASCII}*$/u

/** More combining marks in a row than this no language has, and normalising takes their square. */
const MARKS_PER_LETTER = 30
const MARK_RUNS = new RegExp(`\\p{M}{${MARKS_PER_LETTER + 1},}`, 'gu')
/** A row of 400,000 keeps the CLI busy for minutes. */
export const MAX_MARKS = 1_000

/** How many characters of one request are looked at closely: 0.2 s in the worst case. */
const BUDGET_CHARS = 1_000_000

/** Tells which texts of one request reach the model as they are. */
export class CliText {
  #budget = BUDGET_CHARS

  /** False for a text that the CLI alters, and for one that would take too long to compare. */
  carries(text: string): boolean {
    if (ASCII.test(text)) return true
    this.#budget -= text.length
    if (this.#budget < 0 || longestMarkRun(text) > 0) return false
    return text === text.normalize('NFKC') && !STRIPPED.test(text)
  }
}

/** The longest row of combining marks that is longer than any language needs; 0 if there is none. */
export function longestMarkRun(text: string): number {
  return [...text.matchAll(MARK_RUNS)].reduce((max, [run]) => Math.max(max, run.length), 0)
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
