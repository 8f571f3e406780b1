import { describe, expect, test } from 'bun:test'
import { toConversation } from '../../src/anthropic/messages-request.ts'
import { Remarks } from '../../src/dialect/remarks.ts'
import { afterCall, parse, result, text } from '../support/clients/messages.ts'

/** The system prompt of a request, and what is said of what became of the rest. */
function read(body: object) {
  const remarks = new Remarks()
  const { system } = toConversation(parse(body), { model: 'sonnet', sampling: 'ignore', remarks })
  return { system, ignored: remarks.ignored, changed: remarks.changed }
}

const BILLING = 'x-anthropic-billing-header: cc_version=2.1;'

describe('what does not reach the model as it was sent is named', () => {
  test('the line that the CLI as a client writes about itself', () => {
    expect(read({ system: [text('Be brief.'), text(`${BILLING}\n`)] })).toEqual({
      ...{ system: 'Be brief.', ignored: ['system[1]'], changed: [] },
    })
    expect(read({ system: BILLING })).toEqual({ system: '', ignored: ['system'], changed: [] })
  })

  test('no more than that line is left out', () => {
    const system = `${BILLING}\nBe brief.`
    // The CLI would take it for its own header, and say nothing else of itself.
    expect(read({ system })).toEqual({
      ...{ system: `\n${system}`, ignored: [], changed: ['system'] },
    })
  })

  test('a tool that is only referred to', () => {
    const reference = { type: 'tool_reference', tool_name: 'look' }
    const messages = afterCall([result('t1', { content: [text('a'), reference] })])
    expect(read({ messages }).changed).toEqual(['messages[2].content[0].content[1]'])
  })
})
