import { expect, test } from 'bun:test'
import type { LogRecord } from '@logtape/logtape'
import { chooseFormatter, escapeControls, escapeLines } from '../src/log.ts'

const record = (properties: Record<string, unknown>): LogRecord => ({
  category: ['claude-max-api'],
  level: 'info',
  message: ['request'],
  rawMessage: 'request',
  timestamp: 0,
  properties,
})

/** Clears the screen, sets the window's title, begins a line of its own, turns the text around. */
const HOSTILE = '\u001b[2J\u009b2J\u001b]0;owned\u0007\r\nfake line\u2028\u202etxt.exe\u007f\0'
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/

for (const [format, terminal] of [
  ['text', false],
  ['json', true],
  ['auto', false],
] as const) {
  const write = chooseFormatter(format, terminal)

  test(`${format}: no control character of a field reaches the terminal`, () => {
    const line = write(
      record({
        path: `/v1/${HOSTILE}`,
        worker: { deep: HOSTILE },
        error: new Error(HOSTILE, { cause: new Error(HOSTILE) }),
        body: HOSTILE,
      }),
    )
    expect(line).toEndWith('\n')
    expect(line.slice(0, -1)).not.toMatch(CONTROLS)
    expect(line).toMatch(/owned.*fake line.*txt\.exe/)
  })

  test(`${format}: a long field is cut and says so; a body that was asked for is whole`, () => {
    const line = write(
      record({
        model: 'm'.repeat(9_000_000),
        error: new Error('e'.repeat(5_000)),
        body: 'b'.repeat(5_000),
      }),
    )
    expect(line.length).toBeLessThan(8_000)
    expect(line).toMatch(/m{200}… \(9000000 characters\)/)
    expect(line).toMatch(/e{2000}… \(5000 characters\)/)
    expect(line).toMatch(/b{5000}/)
  })
}

test('a line of JSON means what was logged', () => {
  const line = chooseFormatter('json')(record({ path: HOSTILE }))
  expect(JSON.parse(line)).toMatchObject({ path: HOSTILE, message: 'request' })
})

test('what may have several lines keeps its line breaks', () => {
  expect(escapeLines('one\r\ntwo\u001b[1m')).toBe('one\ntwo\\u001b[1m')
  expect(escapeControls('one\ntwo\ud83d\ude00')).toBe('one\\u000atwo\ud83d\ude00')
})
