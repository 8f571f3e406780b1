import { describe, expect, test } from 'bun:test'
import { Answer, type AnswerRules } from '../../../src/claude/answer/answer.ts'
import { CallIds } from '../../../src/conversation/call-ids.ts'
import {
  DEFAULT_PARAMETERS,
  type Parameters,
  type StopReason,
  type ToolSpec,
} from '../../../src/conversation/types.ts'

type Block = { type: string; id?: string; name?: string; pieces: string[] }

const tool = (name: string): ToolSpec => ({ name, description: '', inputSchema: {} })
const TOOLS = [tool('look'), tool('listen')]
const JSON_WANTED = { outputSchema: { schema: { type: 'object' }, strict: true } }
const text = (...pieces: string[]): Block => ({ type: 'text', pieces })
const call = (name: string, id: string, ...pieces: string[]): Block => ({
  ...{ type: 'tool_use', name, id },
  pieces,
})

const rules = (parameters: Partial<Parameters> = {}, more: Partial<AnswerRules> = {}) => ({
  parameters: { ...DEFAULT_PARAMETERS, ...parameters },
  tools: TOOLS,
  ...more,
})
const handedIn = (json: string) => call('StructuredOutput', 'a', json)

/** The worker remembers a call with the id `taken`. */
function oneTaken() {
  const callIds = new CallIds()
  callIds.claim('taken')
  return { callIds }
}

/** A message of the model; the last block of a broken one has no end. */
function attempt(answer: Answer, blocks: readonly Block[], { isBroken = false } = {}) {
  answer.beginMessage()
  return blocks.flatMap(({ pieces, ...block }, index) => [
    ...answer.beginBlock({ ...block, text: '' }),
    ...pieces.flatMap((piece) => answer.piece(piece)),
    ...(isBroken && index === blocks.length - 1 ? [] : answer.endBlock()),
  ])
}

/** A whole answer, from its first block to its end. */
function answered(
  blocks: readonly Block[],
  { reason = 'end', of = rules() }: { reason?: StopReason; of?: AnswerRules } = {},
) {
  const answer = new Answer(of)
  const events = attempt(answer, blocks)
  const end = answer.end(reason)
  return { answer, events: [...events, ...end.events], reason: end.reason }
}

/** Texts as they are, of calls the name and the arguments. */
const told = (events: ReturnType<typeof answered>['events']) =>
  events.map((event) => {
    if (event.type === 'text') return event.text
    if (event.type === 'tool_call') return `${event.index}:${event.name}:${event.id}`
    return event.type === 'tool_arguments' ? `${event.index}:${event.json}` : event.type
  })

describe('a call', () => {
  test('without arguments has an empty object to the client and in the history', () => {
    const { events, answer, reason } = answered([call('look', 'a')], { reason: 'tool_calls' })
    expect(told(events)).toEqual(['0:look:a', '0:{}'])
    expect(reason).toBe('tool_calls')
    expect(answer.message.content).toEqual([{ type: 'tool_use', id: 'a', name: 'look', input: {} }])
    expect({ differs: answer.differs, isWanting: answer.isWanting }).toEqual({
      ...{ differs: false, isWanting: false },
    })
  })

  test('has its arguments as they came, beside another without', () => {
    const blocks = [call('look', 'a', '{"at"', ':1}'), call('listen', 'b'), call('look', 'c', '[]')]
    const { events, answer } = answered(blocks, { reason: 'tool_calls' })
    expect(told(events)).toEqual([
      ...['0:look:a', '0:{"at"', '0::1}', '1:listen:b', '1:{}', '2:look:c', '2:[]'],
    ])
    expect(answer.message.content).toMatchObject([{ input: { at: 1 } }, { input: {} }, {}])
  })

  test('that is left out leaves an answer without calls, which ends as one', () => {
    const none = rules({ toolChoice: { type: 'none' } })
    const { events, reason } = answered([text('well'), call('look', 'a', '{}')], {
      ...{ of: none, reason: 'tool_calls' },
    })
    expect(told(events)).toEqual(['well'])
    expect(reason).toBe('end')
  })
})

describe('the request decides which calls are told', () => {
  const two = [call('look', 'a', '{}'), call('listen', 'b', '{}')]
  const cases: [string, Partial<Parameters>, string[]][] = [
    ['all', {}, ['look', 'listen']],
    ['one at a time', { parallelToolCalls: false }, ['look']],
    ['none', { toolChoice: { type: 'none' } }, []],
    ['those of one tool', { toolChoice: { type: 'tool', name: 'listen' } }, ['listen']],
    ['those that it must have', { toolChoice: { type: 'required' } }, ['look', 'listen']],
  ]
  test.each(cases)('%s', (_, parameters, names) => {
    const { events, answer } = answered(two, { of: rules(parameters), reason: 'tool_calls' })
    expect(events.flatMap((event) => (event.type === 'tool_call' ? [event.name] : []))).toEqual(
      names,
    )
    expect(answer.differs).toBe(names.length < 2)
  })

  test('a call that a second attempt repeats is not a second call', () => {
    const answer = new Answer(rules({ parallelToolCalls: false }))
    attempt(answer, [call('look', 'a', '{"at":')], { isBroken: true })
    expect(told(attempt(answer, [call('look', 'b', '{"at":1}')]))).toEqual(['0:1}'])
  })
})

describe('blocks of one kind', () => {
  test.each<[string, Block[], string[]]>([
    ['two texts are told apart', [text('a'), text('b')], ['a', 'next_block', 'b']],
    ['an empty one before is none', [text(''), text('b')], ['b']],
    ['a call stands between', [text('a'), call('look', 'x'), text('b')], ['a', 'next_block', 'b']],
  ])('%s', (_, blocks, expected) => {
    const seen = answered(blocks).events.filter(({ type }) => !type.startsWith('tool_'))
    expect(told(seen)).toEqual(expected)
  })
})

describe('whether the worker remembers the answer as the client has it', () => {
  const cases: [string, boolean, Block[], AnswerRules?][] = [
    ['a text', false, [text('pong')]],
    ['a call', false, [call('look', 'a', '{"at":1}')]],
    ['a call with an id of its own', false, [call('look', 'a', '{}')], rules({}, oneTaken())],
    ['a call whose id came before', true, [call('look', 'taken', '{}')], rules({}, oneTaken())],
    ['a call of a tool that was not offered', true, [call('smell', 'a', '{}')]],
    ['a call with arguments that are no JSON', true, [call('look', 'a', '{"at"')]],
    ['a call with arguments that are no object', true, [call('look', 'a', '7')]],
    ['a call with null for arguments', true, [call('look', 'a', 'null')]],
    ['a call with an argument that the CLI loses', true, [call('look', 'a', '{"__proto__":1}')]],
    ['a call with a text that the CLI alters', true, [call('look', 'a', '{"at":"\\\\u0041"}')]],
    ['nothing', true, []],
    ['an empty text', true, [text('')]],
    ['a text of blanks', true, [text(' \n')]],
    ['an empty text and a call', false, [text(''), call('look', 'a', '{}')]],
    ['a text where JSON was wanted', true, [text('{}')], rules({}, JSON_WANTED)],
  ]
  test.each(cases)('%s: otherwise is %p', (_, differs, blocks, of = rules()) => {
    const { answer } = answered(blocks, { of, reason: 'end' })
    expect(answer.differs).toBe(differs)
  })

  test.each([
    ['a text', false, text('po'), text('pong')],
    ['a call', true, call('look', 'a', '{"at":'), call('look', 'b', '{"at":1}')],
  ])('%s that a second attempt repeated: otherwise is %p', (_, differs, first, second) => {
    const answer = new Answer(rules())
    attempt(answer, [first], { isBroken: true })
    attempt(answer, [second])
    answer.end('end')
    expect(answer.differs).toBe(differs)
  })
})

describe('whether the CLI would ask the model again by itself', () => {
  const cases: [string, boolean, Block[], AnswerRules?][] = [
    ['after a text', false, [text('pong')]],
    ['after a call', false, [call('look', 'a', '{}')]],
    ['after nothing', true, []],
    ['after blanks', true, [text(' \n')]],
    ['after thinking alone', true, [{ type: 'thinking', pieces: ['hm'] }]],
    ['after a call of a tool that was not offered', true, [call('smell', 'a', '{}')]],
    ['after arguments that are no JSON', true, [call('look', 'a', '{"at"')]],
    [
      'after a call that was left out: it waits for the result',
      false,
      [call('look', 'a', '{}')],
      rules({ toolChoice: { type: 'none' } }),
    ],
    ['after a text where JSON was wanted', true, [text('well')], rules({}, JSON_WANTED)],
    [
      'after JSON that was handed in',
      false,
      [call('StructuredOutput', 'a', '{}')],
      rules({}, JSON_WANTED),
    ],
  ]
  test.each(cases)('%s: %p', (_, isWanting, blocks, of = rules()) => {
    expect(answered(blocks, { of }).answer.isWanting).toBe(isWanting)
  })
})

describe('structured output', () => {
  const of = rules({}, JSON_WANTED)

  test.each([
    [
      'is what was handed in, without the text beside it',
      [text('Here:'), handedIn('{"a":1}')],
      '{"a":1}',
    ],
    ['is the first of several', [handedIn('{"a":1}'), handedIn('{"a":2}')], '{"a":1}'],
    ['is the text where nothing was handed in', [text('{"a":'), text('3}')], '{"a":3}'],
  ])('%s', (_, blocks, expected) => {
    const { answer, events } = answered(blocks, { of })
    expect(
      told(events)
        .filter((one) => one !== 'next_block')
        .join(''),
    ).toBe(expected)
    expect(answer.promised).toMatchObject({ json: expected })
  })

  test('of an answer that was cut off is not promised', () => {
    const { answer } = answered([text('{"a":')], { of, reason: 'length' })
    expect(answer.promised).toBeUndefined()
  })
})
