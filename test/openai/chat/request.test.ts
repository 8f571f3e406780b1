import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import type { Message } from '../../../src/conversation/types.ts'
import { parseRequest } from '../../../src/dialect/parse.ts'
import { Remarks } from '../../../src/dialect/remarks.ts'
import { toConversation } from '../../../src/openai/chat/request.ts'
import { ChatRequest } from '../../../src/openai/chat/schema.ts'

/** What a client sends, as the conversation it becomes. */
function read(messages: unknown) {
  const request = parseRequest(ChatRequest, { model: 'sonnet', messages })
  return toConversation(request, { model: 'sonnet', sampling: 'ignore', remarks: new Remarks() })
}

const user = (...texts: string[]) => ({
  role: 'user' as const,
  content: texts.map((text) => ({ type: 'text' as const, text })),
})
const assistant = (...texts: string[]) => ({ ...user(...texts), role: 'assistant' as const })

/** A call, and what the tool gave. */
const called = (content: unknown) => [
  { role: 'user', content: 'go' },
  {
    role: 'assistant',
    tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } }],
  },
  { role: 'tool', tool_call_id: 'a', content },
]

function failureOf(messages: unknown): unknown {
  try {
    read(messages)
  } catch (error) {
    return error
  }
  return undefined
}

test.each<[object, number | undefined]>([
  [{}, undefined],
  [{ max_tokens: 5 }, 5],
  [{ max_completion_tokens: 6 }, 6],
  [{ max_tokens: 5, max_completion_tokens: 6 }, 6],
  [{ max_tokens: 5, max_completion_tokens: null }, 5],
])('the maximum of %j is %p', (limits, expected) => {
  const messages = [{ role: 'user', content: 'hi' }]
  const request = parseRequest(ChatRequest, { model: 'sonnet', messages, ...limits })
  const options = { model: 'sonnet', sampling: 'ignore', remarks: new Remarks() } as const
  expect(toConversation(request, options).parameters.maxTokens).toBe(expected)
})

describe('every legal form of messages for text', () => {
  const forms: [string, unknown[], Message[]][] = [
    ['a string', [{ role: 'user', content: 'hi' }], [user('hi')]],
    [
      'parts, which stay apart',
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      ],
      [user('a', 'b')],
    ],
    [
      'a name, which is nobody’s business',
      [{ role: 'user', name: 'ada', content: 'hi' }],
      [user('hi')],
    ],
    [
      'users one after another, who are one turn',
      [
        { role: 'user', content: 'a' },
        { role: 'user', content: 'b' },
      ],
      [user('a', 'b')],
    ],
    [
      'users with only instructions between them',
      [
        { role: 'user', content: 'a' },
        { role: 'system', content: 's' },
        { role: 'user', content: 'b' },
      ],
      [user('a', 'b')],
    ],
    [
      'assistants one after another, who stay apart',
      [
        { role: 'assistant', content: 'a' },
        { role: 'assistant', content: 'b' },
        { role: 'user', content: 'c' },
      ],
      [assistant('a'), assistant('b'), user('c')],
    ],
    [
      'an assistant of null, of nothing and of blanks, who said nothing',
      [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: null },
        { role: 'assistant' },
        { role: 'assistant', content: ' \n' },
        { role: 'assistant', content: [] },
        { role: 'user', content: 'b' },
      ],
      [user('a', 'b')],
    ],
    [
      'a refusal, which is what the assistant said',
      [
        { role: 'assistant', content: null, refusal: 'no' },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'never' }] },
        { role: 'user', content: 'a' },
      ],
      [assistant('no'), assistant('never'), user('a')],
    ],
    [
      'keys that nobody knows',
      [{ role: 'user', content: 'hi', cache_control: { type: 'ephemeral' }, x: 1 }],
      [user('hi')],
    ],
  ]
  for (const [name, messages, expected] of forms) {
    test(name, () => {
      expect(read(messages).messages).toEqual(expected)
    })
  }

  test('instructions stand anywhere and are joined in order', () => {
    const { system, messages } = read([
      { role: 'developer', content: 'one' },
      { role: 'user', content: 'hi' },
      {
        role: 'system',
        content: [
          { type: 'text', text: 'two' },
          { type: 'text', text: 'three' },
        ],
      },
      { role: 'system', content: '' },
      { role: 'assistant', content: 'yes' },
      { role: 'system', content: 'four' },
      { role: 'user', content: 'go' },
    ])
    expect(system).toBe('one\n\ntwo\n\nthree\n\nfour')
    expect(messages).toEqual([user('hi'), assistant('yes'), user('go')])
  })

  test('no instructions are none, and so are blank ones', () => {
    expect(read([{ role: 'user', content: 'hi' }]).system).toBe('')
    const blank = { role: 'system', content: ' \n' }
    expect(read([blank, { role: 'user', content: 'hi' }]).system).toBe('')
  })

  test("a tool's output is data, of which blanks are as good as anything", () => {
    const url = 'https://images.test/i.png'
    const parts = [
      { type: 'text', text: ' ' },
      { type: 'text', text: '' },
      { type: 'image_url', image_url: { url } },
    ]
    const outputs = [
      [' \n', [{ type: 'text', text: ' \n' }]],
      ['', []],
      [
        parts,
        [
          { type: 'text', text: ' ' },
          { type: 'image', source: { type: 'url', url } },
        ],
      ],
    ]
    for (const [content, expected] of outputs) {
      expect(read(called(content)).messages.at(-1)?.content).toMatchObject([{ content: expected }])
    }
    const wrong = called([{ type: 'image_url', image_url: { url: 'i.png' } }])
    expect(failureOf(wrong)).toMatchObject({ param: 'messages[2].content[0].image_url.url' })
  })

  test('not a byte of a text that says something is changed, whatever it is', () => {
    const said = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.trim() !== '')
    const conversation = fc.array(said, { minLength: 1, maxLength: 7 })
    fc.assert(
      fc.property(conversation, (texts) => {
        const roles = texts.map((_, index) => ((texts.length - index) % 2 ? 'user' : 'assistant'))
        const messages = texts.map((content, index) => ({ role: roles[index], content }))
        const before = JSON.stringify(messages)
        const turns = read(messages).messages
        expect(JSON.stringify(messages)).toBe(before)
        expect(turns.map(({ role }): string => role)).toEqual(roles)
        expect(turns.map(({ content }) => content)).toEqual(
          texts.map((text) => [{ type: 'text', text }]),
        )
      }),
    )
  })
})

describe('a conversation that nobody could answer is refused', () => {
  const wrong: [string, unknown, string][] = [
    ['no messages', [], 'messages'],
    ['only instructions', [{ role: 'system', content: 's' }], 'messages'],
    [
      'the last word is the assistant’s',
      [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
      'messages',
    ],
    ['the user says nothing', [{ role: 'user', content: ' \n' }], 'messages'],
    [
      'the user says nothing after an answer',
      [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
        { role: 'user', content: '' },
      ],
      'messages',
    ],
    ['no role', [{ content: 'a' }], 'messages[0].role'],
    ['an unknown role', [{ role: 'alien', content: 'a' }], 'messages[0].role'],
    ['a content of null for a user', [{ role: 'user', content: null }], 'messages[0].content'],
    ['no content for a user', [{ role: 'user' }], 'messages[0].content'],
    [
      'a part of an unknown type',
      [{ role: 'user', content: [{ type: 'hologram' }] }],
      'messages[0].content[0].type',
    ],
    [
      'a part without its text',
      [
        { role: 'user', content: 'a' },
        { role: 'user', content: [{ type: 'text' }] },
      ],
      'messages[1].content[0].text',
    ],
    ['messages that are no list', { role: 'user', content: 'a' }, 'messages'],
    ['a message that is none', ['hi'], 'messages[0]'],
  ]
  for (const [name, messages, param] of wrong) {
    test(`${name}: the error names ${param}`, () => {
      const failure = failureOf(messages)
      expect(failure).toMatchObject({ kind: 'invalid_request', param })
      expect(String(failure).toLowerCase()).toContain('message')
    })
  }
})
