import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { SentAnswer, type BlockKind } from '../../../src/claude/answer/sent-answer.ts'

type Block = { kind: BlockKind; pieces: string[] }

/** Gives an attempt to the answer; what it lets through, block by block. */
function attempt(answer: SentAnswer, blocks: readonly Block[], { whole = true } = {}): string[] {
  answer.beginMessage()
  const sent = blocks.map(({ kind, pieces }) => {
    answer.beginBlock(kind)
    return pieces.map((piece) => answer.admit(piece)).join('')
  })
  if (whole) answer.endMessage()
  return sent
}

const text = (...pieces: string[]): Block => ({ kind: 'text', pieces })

function failureOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

describe('SentAnswer', () => {
  test('lets a first answer through as it comes', () => {
    const answer = new SentAnswer()
    expect(attempt(answer, [text('a', 'b'), text('c')])).toEqual(['ab', 'c'])
  })

  test('lets through only what is new when an attempt repeats, cut as differently as it likes', () => {
    const strings = fc.array(fc.string({ maxLength: 6 }), { maxLength: 6 })
    const property = fc.property(
      strings,
      strings,
      fc.nat(40),
      fc.nat(40),
      (first, rest, cut, other) => {
        const whole = [...first, ...rest].join('')
        const begun = whole.slice(0, cut % (whole.length + 1))
        const answer = new SentAnswer()
        const sent = attempt(answer, [text(begun)], { whole: false })
        const at = other % (whole.length + 1)
        const again = attempt(answer, [text(whole.slice(0, at), whole.slice(at))])
        expect(sent.join('') + again.join('')).toBe(whole)
      },
    )
    fc.assert(property)
  })

  test('goes on in later blocks after an attempt that broke off in the first', () => {
    const answer = new SentAnswer()
    expect(attempt(answer, [text('ab')], { whole: false })).toEqual(['ab'])
    expect(attempt(answer, [text('abc'), text('d')])).toEqual(['c', 'd'])
  })

  const contradictions: [string, Block[], Block[]][] = [
    ['other text', [text('abc')], [text('abd')]],
    ['less text', [text('abc')], [text('ab')]],
    ['less text in a block that others follow', [text('abc')], [text('ab'), text('c')]],
    ['fewer blocks', [text('a'), text('b')], [text('a')]],
    ['no block', [text('a')], []],
    ['another kind of block', [text('a')], [{ kind: 'thinking', pieces: ['a'] }]],
  ]
  for (const [name, first, second] of contradictions) {
    test(`a repetition with ${name} is an error: the client would read two answers as one`, () => {
      const answer = new SentAnswer()
      attempt(answer, first, { whole: false })
      expect(failureOf(() => attempt(answer, second))).toMatchObject({ kind: 'upstream' })
    })
  }

  test('text outside of a block is an error', () => {
    expect(failureOf(() => new SentAnswer().admit('a'))).toMatchObject({ kind: 'worker' })
  })

  test('says of a block whether it is new', () => {
    const answer = new SentAnswer()
    answer.beginMessage()
    expect(answer.beginBlock('text')).toBe(true)
    answer.beginMessage()
    expect(answer.beginBlock('text')).toBe(false)
    expect(answer.beginBlock('tool_use')).toBe(true)
  })
})
