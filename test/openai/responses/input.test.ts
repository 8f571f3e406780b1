import { describe, expect, test } from 'bun:test'
import { Remarks } from '../../../src/dialect/remarks.ts'
import { png } from '../../support/inputs/images.ts'
import { toTurns } from '../../../src/openai/responses/input.ts'
import { parseItems, toItems } from '../../../src/openai/responses/stored.ts'

const DATA = png(1, 1).toString('base64')
const PIXEL = `data:image/png;base64,${DATA}`

const user = (...texts: string[]) => ({
  role: 'user',
  content: texts.map((text) => ({ type: 'text', text })),
})
const said = (text: string) => ({ type: 'message', role: 'assistant', content: text })
const call = (id: string, more: object = {}) => ({
  type: 'function_call',
  ...{ call_id: id, name: 'look', arguments: '{"at":1}', ...more },
})
const output = (id: string, more: object = {}) => ({
  type: 'function_call_output',
  ...{ call_id: id, output: `result of ${id}`, ...more },
})
const use = (id: string) => ({ type: 'tool_use', id, name: 'look', input: { at: 1 } })
const result = (id: string, content: object[] = [{ type: 'text', text: `result of ${id}` }]) => ({
  ...{ type: 'tool_result', tool_use_id: id },
  content,
})

const turnsOf = (input: string | object[], remarks = new Remarks()) =>
  toTurns(
    { before: [], input: toItems(typeof input === 'string' ? input : parseItems(input)) },
    { model: 'sonnet', remarks },
  )

describe('input', () => {
  const cases: [string, string | object[], object[]][] = [
    ['a string', 'hi', [user('hi')]],
    ['a message without a type', [{ role: 'user', content: 'hi' }], [user('hi')]],
    [
      'a message in parts, with an id as codex sends it',
      [
        {
          ...{ type: 'message', id: 'msg_x', status: 'completed', role: 'user' },
          content: [
            { type: 'input_text', text: 'a' },
            { type: 'input_text', text: 'b' },
          ],
        },
      ],
      [user('a', 'b')],
    ],
    [
      'two user messages in a row',
      [
        { role: 'user', content: 'a' },
        { role: 'user', content: 'b' },
      ],
      [user('a', 'b')],
    ],
    [
      "the assistant's words, as text and as echoed output",
      [
        { role: 'user', content: 'a' },
        said('b'),
        { role: 'user', content: 'c' },
        {
          ...{ type: 'message', id: 'msg_y', role: 'assistant', status: 'completed' },
          content: [
            { type: 'output_text', text: 'd', annotations: [], logprobs: [], parsed: null },
            { type: 'refusal', refusal: 'e' },
          ],
        },
        { role: 'user', content: 'f' },
      ],
      [
        user('a'),
        { role: 'assistant', content: [{ type: 'text', text: 'b' }] },
        user('c'),
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'd' },
            { type: 'text', text: 'e' },
          ],
        },
        user('f'),
      ],
    ],
    [
      'words, thoughts and calls in a row as one turn',
      [
        { role: 'user', content: 'go' },
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' },
        said('Let me see.'),
        call('a', { id: 'fc_1', status: 'completed', parsed_arguments: { at: 1 } }),
        call('b'),
        output('a'),
        output('b'),
      ],
      [
        user('go'),
        {
          role: 'assistant',
          content: [{ type: 'text', text: 'Let me see.' }, use('a'), use('b')],
        },
        { role: 'user', content: [result('a'), result('b')] },
      ],
    ],
    [
      'one call after another',
      [{ role: 'user', content: 'go' }, call('a'), output('a'), call('b'), output('b')],
      [
        user('go'),
        { role: 'assistant', content: [use('a')] },
        { role: 'user', content: [result('a')] },
        { role: 'assistant', content: [use('b')] },
        { role: 'user', content: [result('b')] },
      ],
    ],
    [
      'outputs in their own order, and those that come late',
      [
        { role: 'user', content: 'go' },
        ...[call('a'), call('b'), call('c')],
        ...[output('c'), output('a'), { role: 'user', content: 'also' }, output('b')],
      ],
      [
        user('go'),
        { role: 'assistant', content: [use('a'), use('b'), use('c')] },
        {
          role: 'user',
          content: [result('c'), result('a'), result('b'), { type: 'text', text: 'also' }],
        },
      ],
    ],
    [
      'an id that comes again in a later turn',
      [
        { role: 'user', content: 'go' },
        call('a'),
        output('a'),
        call('a'),
        output('a', { output: '2' }),
      ],
      [
        user('go'),
        { role: 'assistant', content: [use('a')] },
        { role: 'user', content: [result('a')] },
        { role: 'assistant', content: [use('a-2')] },
        { role: 'user', content: [result('a-2', [{ type: 'text', text: '2' }])] },
      ],
    ],
    [
      'a call that was cut off and never run',
      [
        said('x'),
        call('a', { status: 'incomplete', arguments: '{"at' }),
        { role: 'user', content: 'go on' },
      ],
      [{ role: 'assistant', content: [{ type: 'text', text: 'x' }] }, user('go on')],
    ],
    [
      'a refusal of ours, which is not a word of the model',
      [
        { role: 'user', content: 'a' },
        {
          ...{ type: 'message', id: 'msg_z', role: 'assistant', status: 'completed' },
          content: [{ type: 'refusal', refusal: 'The model declined to answer.' }],
        },
        { role: 'user', content: 'b' },
      ],
      [user('a', 'b')],
    ],
    [
      'an output as a list of parts',
      [
        { role: 'user', content: 'go' },
        call('a'),
        output('a', {
          output: [
            { type: 'input_text', text: ' ' },
            { type: 'input_image', image_url: PIXEL },
          ],
        }),
      ],
      [
        user('go'),
        { role: 'assistant', content: [use('a')] },
        {
          role: 'user',
          content: [
            result('a', [
              { type: 'text', text: ' ' },
              {
                type: 'image',
                source: { type: 'base64', media_type: 'image/png', data: DATA },
              },
            ]),
          ],
        },
      ],
    ],
    [
      'calls of custom tools, whose input is text',
      [
        { role: 'user', content: 'go' },
        { type: 'custom_tool_call', call_id: 'a', name: 'patch', input: 'x' },
        { type: 'custom_tool_call_output', call_id: 'a', output: 'ok' },
      ],
      [
        user('go'),
        {
          role: 'assistant',
          content: [{ type: 'tool_use', id: 'a', name: 'patch', input: { input: 'x' } }],
        },
        { role: 'user', content: [result('a', [{ type: 'text', text: 'ok' }])] },
      ],
    ],
    [
      'images and files, as data and as links',
      [
        {
          role: 'user',
          content: [
            { type: 'input_image', image_url: 'https://a.example/x.png', detail: 'auto' },
            { type: 'input_file', filename: 'x.txt', file_data: 'data:text/plain;base64,aGk=' },
            { type: 'input_file', file_url: 'https://a.example/x.pdf' },
          ],
        },
      ],
      [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'url', url: 'https://a.example/x.png' } },
            {
              ...{ type: 'document', title: 'x.txt' },
              source: { type: 'text', media_type: 'text/plain', data: 'hi' },
            },
            { type: 'document', source: { type: 'url', url: 'https://a.example/x.pdf' } },
          ],
        },
      ],
    ],
  ]
  for (const [name, input, messages] of cases) {
    test(name, () => expect<object[]>(turnsOf(input)).toEqual(messages))
  }
})

test('a call that was cut off is named, for it is left out', () => {
  const remarks = new Remarks()
  turnsOf([call('a', { status: 'incomplete' }), { role: 'user', content: 'go on' }], remarks)
  expect(remarks.ignored).toEqual(['input[0]'])
})
