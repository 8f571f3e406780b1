import { expect, test } from 'bun:test'
import { sizeOf } from '../../src/conversation/size.ts'
import {
  type Conversation,
  DEFAULT_PARAMETERS,
  type ImageBlock,
  type Message,
} from '../../src/conversation/types.ts'

const image = (data: string): ImageBlock => ({
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data },
})
const user = (
  ...content: Extract<Message, { role: 'user' }>['content']
): Partial<Conversation> => ({
  messages: [{ role: 'user', content }],
})
const called = (input: unknown): Partial<Conversation> => ({
  messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'look', input }] }],
})

const cases: [string, Partial<Conversation>, text: number, data: number][] = [
  ['nothing', {}, 0, 0],
  ['a system prompt', { system: '12345' }, 5, 0],
  ['texts', user({ type: 'text', text: '12' }, { type: 'text', text: '345' }), 5, 0],
  ['images', user(image('1234'), image('567')), 0, 7],
  ['an address', user({ type: 'image', source: { type: 'url', url: 'https://x.test' } }), 0, 0],
  [
    'a document as text',
    user({ type: 'document', source: { type: 'text', media_type: 'text/plain', data: '12345' } }),
    ...([5, 0] as const),
  ],
  [
    'a result with an image',
    user({
      ...{ type: 'tool_result', tool_use_id: 'a' },
      content: [{ type: 'text', text: '12' }, image('345')],
    }),
    ...([2, 3] as const),
  ],
  ['arguments, their names included', called({ at: 'Ulm', list: ['12', { x: '3' }] }), 13, 0],
  ['arguments without a text', called({ n: 7, is: true, no: null }), 5, 0],
  [
    'tools',
    { tools: [{ name: 'look', description: 'at', inputSchema: { type: 'object' } }] },
    // The keys as well: name, description, inputSchema and type.
    ...([4 + 2 + 6 + 4 + 11 + 11 + 4, 0] as const),
  ],
  ['a schema', { outputSchema: { schema: { type: 'object' }, strict: true } }, 10, 0],
]

test.each(cases)('the size of %s', (_, more, text, data) => {
  const empty = { model: 'sonnet', system: '', messages: [], tools: [] }
  const conversation = { ...empty, parameters: DEFAULT_PARAMETERS, ...more }
  expect(sizeOf(conversation)).toEqual({ text, data })
})
