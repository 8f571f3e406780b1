import { expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { StopScanner } from '../../../../src/claude/answer/stops/stop-scanner.ts'

/** Everything that goes out, and what ended it. */
function scan(sequences: readonly string[], pieces: readonly string[]) {
  const scanner = new StopScanner(sequences)
  let out = ''
  for (const piece of pieces) {
    const { text, hit } = scanner.push(piece)
    out += text
    if (hit !== undefined) return { out, hit }
  }
  return { out: out + scanner.flush(), hit: undefined }
}

test('text is cut where the first sequence begins, however it comes in pieces', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', ' ') })
  const sequences = fc.uniqueArray(fc.constantFrom('\n', '\n\n', '  ', ' \n'), { maxLength: 3 })
  fc.assert(
    fc.property(sequences, fc.array(text), (stops, pieces) => {
      const whole = pieces.join('')
      const ends = stops.map((stop) => whole.indexOf(stop)).filter((at) => at !== -1)
      const { out, hit } = scan(stops, pieces)
      if (ends.length === 0) expect({ out, hit }).toEqual({ out: whole, hit: undefined })
      // Pieces may end a short sequence before a longer one that begins earlier is complete.
      else expect(whole.startsWith(out + String(hit))).toBe(true)
      for (const stop of stops) expect(out.includes(stop)).toBe(false)
    }),
  )
})

test('what cannot begin a sequence goes out at once', () => {
  const scanner = new StopScanner(['\n\n'])
  expect(scanner.push('one')).toEqual({ text: 'one' })
  expect(scanner.push('two\n')).toEqual({ text: 'two' })
  expect(scanner.push('three')).toEqual({ text: '\nthree' })
})
