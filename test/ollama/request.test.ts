import { describe, expect, test } from 'bun:test'
import type { Conversation } from '../../src/conversation/types.ts'
import { parseRequest } from '../../src/dialect/parse.ts'
import { Remarks } from '../../src/dialect/remarks.ts'
import { TurnError } from '../../src/errors.ts'
import { fromChat, fromGenerate } from '../../src/ollama/request.ts'
import { ChatRequest, GenerateRequest } from '../../src/ollama/schema.ts'
import { png } from '../support/inputs/images.ts'

const GO = { role: 'user', content: 'go' }
const PNG = png(1, 1).toString('base64')
const IMAGE = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }
const text = (words: string) => ({ type: 'text' as const, text: words })

function chat(body: object, sampling: 'ignore' | 'forward' = 'ignore') {
  const remarks = new Remarks()
  const request = parseRequest(ChatRequest, { model: 'sonnet', messages: [GO], ...body })
  return { ...fromChat(request, { model: 'sonnet', sampling, remarks }), remarks }
}

function generate(body: object): Conversation {
  const request = parseRequest(GenerateRequest, { model: 'sonnet', ...body })
  return fromGenerate(request, { model: 'sonnet', sampling: 'ignore', remarks: new Remarks() })
}

function refusal(convert: () => unknown): Pick<TurnError, 'param' | 'message'> {
  try {
    convert()
  } catch (error) {
    if (error instanceof TurnError) return error
    throw error
  }
  throw new Error('The request was expected to be refused.')
}

const calls = (...made: [name: string, id?: string][]) => ({
  role: 'assistant',
  tool_calls: made.map(([name, id]) => ({
    ...(id !== undefined && { id }),
    function: { name, arguments: { of: name } },
  })),
})
const result = (content: string, more: object = {}) => ({ role: 'tool', content, ...more })

/** The ids of the calls and, behind each, the text of its result. */
function pairs(messages: readonly object[]) {
  const read = chat({ messages: [GO, ...messages] }).messages
  const blocks = read.flatMap(({ content }): object[] => content)
  return blocks.flatMap((block) => {
    if ('name' in block && 'id' in block) return [`${String(block.name)} ${String(block.id)}`]
    if (!('tool_use_id' in block) || !('content' in block)) return []
    return [`${String(block.tool_use_id)}: ${JSON.stringify(block.content)}`]
  })
}
const said = (id: string, words: string) => `${id}: ${JSON.stringify([text(words)])}`

describe('a tool result belongs', () => {
  const CASES: Record<string, [messages: object[], pairs: string[]]> = {
    'to the first open call if it names none': [
      [calls(['a'], ['b']), result('1'), result('2')],
      ['a call-0', 'b call-1', said('call-0', '1'), said('call-1', '2')],
    ],
    'to the first open call of the tool it names': [
      [
        calls(['a'], ['b'], ['a']),
        result('1', { tool_name: 'b' }),
        result('2', { name: 'a' }),
        result('3', { tool_name: 'a' }),
      ],
      [
        ...['a call-0', 'b call-1', 'a call-2'],
        ...[said('call-1', '1'), said('call-0', '2'), said('call-2', '3')],
      ],
    ],
    'to the call whose id it has': [
      [calls(['a', 'x'], ['a', 'y']), result('1', { tool_call_id: 'y' }), result('2')],
      ['a x', 'a y', said('y', '1'), said('x', '2')],
    ],
    'to a call of its name that was not taken by its id': [
      [
        calls(['a', 'x'], ['a', 'y']),
        result('1', { tool_call_id: 'x' }),
        result('2', { tool_name: 'a' }),
      ],
      ['a x', 'a y', said('x', '1'), said('y', '2')],
    ],
    'to one of two calls that came with the same id': [
      [calls(['a', 'x'], ['b', 'x']), result('1'), result('2')],
      ['a x', 'b call-0', said('x', '1'), said('call-0', '2')],
    ],
  }
  for (const [name, [messages, expected]] of Object.entries(CASES)) {
    test(name, () => expect(pairs(messages)).toEqual(expected))
  }

  test('to no call: then it is refused, by its place', () => {
    for (const more of [{ tool_name: 'b' }, {}]) {
      const messages = [GO, calls(['a']), result('1'), result('2', more)]
      expect(refusal(() => chat({ messages }))).toMatchObject({ param: 'messages[3]' })
    }
  })
})

test('ids that are made up do not change as the conversation goes on', () => {
  const begun = [calls(['a'], ['b']), result('1'), result('2')]
  const further = [...begun, { role: 'assistant', content: 'x' }, GO, calls(['a']), result('3')]
  expect(pairs(further).slice(0, 4)).toEqual(pairs(begun))
  expect(pairs(further).at(4)).toBe('a call-2')
})

test('a call without a result is refused', () => {
  const messages = [GO, calls(['a'], ['b']), result('1'), GO]
  const { param, message } = refusal(() => chat({ messages }))
  expect(param).toBe('messages')
  expect(message).toContain('there is none for b')
})

test('an answer in two messages, its text and its calls, is one turn', () => {
  const answer = [{ role: 'assistant', content: 'Let me see.' }, calls(['a'])]
  const { messages } = chat({ messages: [GO, ...answer, result('1')] })
  expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
  expect(messages[1]?.content).toEqual([
    text('Let me see.'),
    { type: 'tool_use', id: 'call-0', name: 'a', input: { of: 'a' } },
  ])
})

test('system messages are the system prompt, images come before the text', () => {
  const { system, messages } = chat({
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What is this?', images: [PNG] },
    ],
  })
  expect(system).toBe('Be brief.')
  expect(messages).toMatchObject([{ role: 'user', content: [IMAGE, text('What is this?')] }])
})

test('an image that is none is refused by its place', () => {
  const messages = [{ ...GO, images: [PNG, 'bm90IGFuIGltYWdl'] }]
  expect(refusal(() => chat({ messages }))).toMatchObject({ param: 'messages[0].images[1]' })
})

describe('parameters', () => {
  const SCHEMA = { type: 'object', properties: { a: { type: 'string' } } }
  const CASES: [what: string, body: object, expected: object][] = [
    ['think: false', { think: false }, { effort: 'none' }],
    ['think: high', { think: 'high' }, { effort: 'high' }],
    ['format: json', { format: 'json' }, { outputSchema: { strict: false } }],
    ['a schema', { format: SCHEMA }, { outputSchema: { schema: SCHEMA, strict: true } }],
    ['num_predict', { options: { num_predict: 9 } }, { parameters: { maxTokens: 9 } }],
    ['stop', { options: { stop: ['a', ''] } }, { parameters: { stopSequences: ['a'] } }],
  ]
  for (const [what, body, expected] of CASES) {
    test(what, () => expect(chat(body)).toMatchObject(expected))
  }

  test('what asks for nothing leaves nothing', () => {
    const asked = chat({ think: true, format: '', options: { num_predict: -1, stop: [] } })
    expect(asked.effort).toBeUndefined()
    expect(asked.outputSchema).toBeUndefined()
    expect(Object.keys(asked.parameters).toSorted()).toEqual([
      'parallelToolCalls',
      'toolChoice',
      'toolChoiceBy',
    ])
  })

  test('a temperature above 1 is 1, and named', () => {
    const { parameters, remarks } = chat({ options: { temperature: 1.5 } }, 'forward')
    expect(parameters.temperature).toBe(1)
    expect(remarks.changed).toEqual(['options.temperature'])
  })

  test('a schema of a list is refused', () => {
    const format = { type: 'array', items: {} }
    expect(refusal(() => chat({ format }))).toMatchObject({ param: 'format' })
  })

  test('arguments that no JavaScript number holds are named as changed', () => {
    const call = { function: { name: 'a', arguments: { n: 2 ** 60 } } }
    const { remarks } = chat({
      messages: [GO, { role: 'assistant', tool_calls: [call] }, result('1')],
    })
    expect(remarks.changed).toEqual(['messages[1].tool_calls[0].function.arguments'])
  })
})

describe('generate', () => {
  test('is a conversation of one message', () => {
    expect(generate({ prompt: 'hi', system: 'Be brief.', images: [PNG] })).toMatchObject({
      system: 'Be brief.',
      messages: [{ role: 'user', content: [IMAGE, text('hi')] }],
    })
  })

  test('with a suffix asks for what stands between', () => {
    const { system, messages } = generate({ prompt: 'a', suffix: 'c', system: 'In French.' })
    expect(system).toMatch(/^You fill gaps in texts\.[^]*\n\nIn French\.$/)
    expect(messages[0]?.content).toEqual([text('<before>a</before>\n<after>c</after>')])
  })

  test('of blanks alone is refused', () => {
    expect(refusal(() => generate({ prompt: ' \n' }))).toMatchObject({ param: 'prompt' })
  })
})
