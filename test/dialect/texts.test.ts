import { describe, expect, test } from 'bun:test'
import { Remarks } from '../../src/dialect/remarks.ts'
import { joinInstructions, nameTexts } from '../../src/dialect/texts.ts'

const join = (...texts: string[]) => {
  const remarks = new Remarks()
  return { system: joinInstructions(texts, 'system', remarks), changed: remarks.changed }
}

describe('instructions', () => {
  test('are joined in order, those without a visible character left out', () => {
    expect(join('one', '', ' \n', ' two ')).toEqual({ system: 'one\n\n two ', changed: [] })
    expect(join(' ', '')).toEqual({ system: '', changed: [] })
  })

  const own = [
    "You are Claude Code, Anthropic's official CLI for Claude.",
    "You are a Claude agent, built on Anthropic's Claude Agent SDK.",
    '__SYSTEM_PROMPT_DYNAMIC_BOUNDARY__',
  ]
  for (const line of own) {
    test(`are told from the CLI's own by a line break: ${line}`, () => {
      expect(join(line)).toEqual({ system: `${line}\n`, changed: ['system'] })
      expect(join(line, 'more')).toEqual({ system: `${line}\n\nmore`, changed: [] })
    })
  }

  test("do not replace the CLI's own header", () => {
    const header = 'x-anthropic-billing-header: me\nmore'
    expect(join(header)).toEqual({ system: `\n${header}`, changed: ['system'] })
    expect(join('a', header)).toEqual({ system: `a\n\n${header}`, changed: [] })
  })
})

test('texts that hold half a surrogate pair are named by their place', () => {
  const remarks = new Remarks()
  const messages = [{ content: '🦩' }, { content: [{ text: 'a\ud800' }, { text: 'b' }] }]
  nameTexts({ messages, system: 'x\udc00', instructions: undefined }, remarks)
  expect(remarks.changed).toEqual(['messages[1].content[0].text', 'system'])
})

test('texts of blanks alone are named, empty ones and the results of tools are not', () => {
  const remarks = new Remarks()
  const messages = [
    { role: 'user', content: ' \n' },
    { role: 'assistant', content: '' },
    { role: 'user', content: [{ text: 'a' }, { text: '\t' }, { text: '' }, { image_url: ' ' }] },
    { role: 'assistant', content: null },
    { role: 'tool', content: ' ' },
    { role: 'function', content: ' ' },
    { type: 'reasoning', content: ' ' },
  ]
  nameTexts({ messages, system: '\n', instructions: undefined }, remarks)
  expect(remarks.ignored).toEqual(['messages[0].content', 'messages[2].content[1]', 'system'])
})
