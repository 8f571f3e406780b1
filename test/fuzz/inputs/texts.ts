import * as fc from 'fast-check'

/** Texts that a CLI, a template or a careless parser might interpret. */
const AWKWARD = [
  ...['@/etc/hostname', '/help', '/clear', '/compact now', '!ls', '#x', '--help', '$(id)', '%s'],
  ...['[Request interrupted by user]', 'No response requested.', '# Environment\nnone'],
  ...['<system-reminder>x</system-reminder>', '<command-name>/clear</command-name>'],
  ...['[Tool result missing due to internal error]', '<persisted-output>x</persisted-output>'],
  ...['data: [DONE]\n\n', '{"type":"result"}\n', '</tool_call>', '\n\nHuman: hi', '\\n \\u0041'],
  ...['  blanks  ', '\n\nlines\r\n', 'a\u2028b', 'NUL \u0000', '\ufeffmark', 'e\u0301 é', '\ufffd'],
  ...['ﬁ ½ … Å', '👩‍👩‍👧 🦩', 'אבג\u202eabc', '\u200bx', 'ß ſ ı', 'x\u0085y', '\u001b[31m'],
] as const

const prose = fc
  .array(fc.constantFrom('ein ', 'Wort ', 'and ', '日本語 ', '\n', '"so" ', '{x} '), {
    minLength: 1,
    maxLength: 30,
  })
  .map((words) => `${words.join('')}.`)

/** Text with a visible character. */
export const visibleText: fc.Arbitrary<string> = fc
  .oneof(
    { arbitrary: prose, weight: 3 },
    { arbitrary: fc.constantFrom(...AWKWARD), weight: 3 },
    { arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), weight: 1 },
    { arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }), weight: 1 },
  )
  .map((text) => (text.trim() === '' ? `${text}.` : text))

export const blankText: fc.Arbitrary<string> = fc.constantFrom('', ' ', '\n', '\t\n ', '\u00a0')

/** The CLI's text for an empty message. */
export const noContent: fc.Arbitrary<string> = fc.constant('(no content)')

/** One pixel each, in colours of their own. */
export const image: fc.Arbitrary<string> = fc.constantFrom(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==',
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
)
