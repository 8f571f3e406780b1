import { describe, expect, test } from 'bun:test'
import { errorText, isEmptyToCli, toCliContent } from '../../../src/claude/history/cli-content.ts'
import type { ToolResultBlock } from '../../../src/conversation/types.ts'

const text = (words: string) => ({ type: 'text' as const, text: words })
const failed = (...texts: string[]): ToolResultBlock => ({
  ...{ tool_use_id: 'toolu_a', type: 'tool_result', is_error: true },
  content: texts.map(text),
})

describe('the text of a failed call that a live worker sends as it is', () => {
  const cases: [string, ToolResultBlock, boolean][] = [
    ['a text', failed('no such place'), true],
    ['lines', failed('a\n\n b'), true],
    ['10,000 characters', failed('x'.repeat(10_000)), true],
    ['more than that', failed('x'.repeat(10_001)), false],
    ['none', failed(), false],
    ['an empty one', failed(''), false],
    ['blanks', failed(' '), false],
    ['a blank in front', failed(' a'), false],
    ['a line break behind', failed('a\n'), false],
    ['two texts', failed('a', 'b'), false],
    [
      'a result that is no failure',
      { tool_use_id: 'toolu_a', type: 'tool_result', content: [text('a')] },
      false,
    ],
  ]
  for (const [what, result, isWhole] of cases) {
    test(what, () => {
      expect(errorText(result) !== undefined).toBe(isWhole)
    })
  }

  test('is seeded in the same form, with the keys in the same order', () => {
    const [seeded] = toCliContent({ role: 'user', content: [failed('no')] })
    expect(JSON.stringify(seeded)).toBe(
      '{"type":"tool_result","content":"no","is_error":true,"tool_use_id":"toolu_a"}',
    )
    const content = [failed(' no '), text('a'), { ...text('b') }]
    expect(toCliContent({ role: 'user', content })).toEqual(content)
  })
})

describe('an answer of which the CLI would keep nothing', () => {
  const empty = [
    '(no content)',
    ' (no content)\n',
    '[Empty text removed]',
    '\u00a0(no content)',
    '',
  ]
  const words = ['(No content)', '(no content).', 'No response requested.', '\u200b']
  for (const [texts, expected] of [
    [empty, true],
    [words, false],
  ] as const) {
    for (const one of texts) {
      test(JSON.stringify(one), () => {
        expect(isEmptyToCli(one)).toBe(expected)
        const content = [text(one)]
        const fallback = expected ? [{ type: 'fallback' }] : []
        expect(toCliContent({ role: 'assistant', content })).toEqual([...content, ...fallback])
        expect(toCliContent({ role: 'user', content })).toEqual(content)
      })
    }
  }

  test('is kept for any other word, or a call', () => {
    const use = { type: 'tool_use' as const, id: 'toolu_a', name: 'look', input: {} }
    for (const content of [
      [text('(no content)'), text('a')],
      [text('(no content)'), use],
    ]) {
      expect(toCliContent({ role: 'assistant', content })).toEqual(content)
    }
  })
})
