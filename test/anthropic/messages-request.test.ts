import { describe, expect, test } from 'bun:test'
import type { Conversation } from '../../src/conversation/types.ts'
import { call, convert, result, text, tool, USER } from '../support/clients/messages.ts'
import { png } from '../support/inputs/images.ts'

const PIXEL = png(1, 1).toString('base64')

describe('a request as the neutral conversation', () => {
  const same: Record<string, { body: object; part: Partial<Conversation> }> = {
    'no system prompt': { body: {}, part: { system: '' } },
    'system as a string': { body: { system: 'Be brief.' }, part: { system: 'Be brief.' } },
    'system as blocks': {
      body: { system: [{ ...text('One.'), cache_control: { type: 'ephemeral' } }, text('Two.')] },
      part: { system: 'One.\n\nTwo.' },
    },
    'what the CLI says of itself to the API is not for the model': {
      body: { system: [text('x-anthropic-billing-header: cc_version=2.1;'), text('Be brief.')] },
      part: { system: 'Be brief.' },
    },
    'system messages in the midst of the others, in order': {
      body: {
        system: 'One.',
        messages: [
          ...USER,
          { role: 'system', content: 'Two.' },
          { role: 'assistant', content: 'yes' },
          { role: 'user', content: 'go' },
          { role: 'system', content: [text('Three.'), text('Four.')] },
          { role: 'system', content: [] },
        ],
      },
      part: {
        system: 'One.\n\nTwo.\n\nThree.\n\nFour.',
        messages: [
          { role: 'user', content: [text('hi')] },
          { role: 'assistant', content: [text('yes')] },
          { role: 'user', content: [text('go')] },
        ],
      },
    },
    'a system message for one turn is gone in the next': {
      body: {
        messages: [
          ...USER,
          { role: 'system', content: 'Then.', clear_at: 'next_user_message' },
          { role: 'user', content: 'go' },
          { role: 'system', content: 'Now.', clear_at: 'next_user_message' },
        ],
      },
      part: { system: 'Now.' },
    },
    'messages of one role after another are one turn': {
      body: {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'user', content: [text('b')] },
          { role: 'assistant', content: 'c' },
          { role: 'assistant', content: [text('d')] },
          { role: 'user', content: 'e' },
        ],
      },
      part: {
        messages: [
          { role: 'user', content: [text('a'), text('b')] },
          { role: 'assistant', content: [text('c'), text('d')] },
          { role: 'user', content: [text('e')] },
        ],
      },
    },
    'blank text says nothing': {
      body: { messages: [{ role: 'user', content: [text(' \n'), text(' a ')] }] },
      part: { messages: [{ role: 'user', content: [text(' a ')] }] },
    },
    'images and documents': {
      body: {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
              { type: 'image', source: { type: 'url', url: 'https://x.test/i.png' } },
              {
                type: 'document',
                source: { type: 'base64', media_type: 'application/pdf', data: 'a\nGk=' },
                title: 'T',
                context: 'C',
                citations: { enabled: true },
              },
              { type: 'document', source: { type: 'url', url: 'https://x.test/d.pdf' } },
              {
                type: 'document',
                source: { type: 'text', media_type: 'text/plain', data: 'words' },
              },
            ],
          },
        ],
      },
      part: {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
              { type: 'image', source: { type: 'url', url: 'https://x.test/i.png' } },
              {
                type: 'document',
                source: { type: 'base64', media_type: 'application/pdf', data: 'aGk=' },
                title: 'T',
                context: 'C',
              },
              { type: 'document', source: { type: 'url', url: 'https://x.test/d.pdf' } },
              {
                type: 'document',
                source: { type: 'text', media_type: 'text/plain', data: 'words' },
              },
            ],
          },
        ],
      },
    },
    'tools, a schema as it came': {
      body: {
        tools: [
          tool('look', { description: 'looks', strict: true, eager_input_streaming: true }),
          tool('mcp__x__find', { type: 'custom' }),
          { type: 'web_search_20250305', name: 'web_search' },
        ],
      },
      part: {
        tools: [
          { name: 'look', description: 'looks', inputSchema: { type: 'object' } },
          { name: 'mcp__x__find', description: '', inputSchema: { type: 'object' } },
        ],
      },
    },
    'output_config.format': {
      body: { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      part: { outputSchema: { schema: { type: 'object' }, strict: true } },
    },
    'the older output_format': {
      body: { output_format: { type: 'json_schema', schema: { type: 'object' } } },
      part: { outputSchema: { schema: { type: 'object' }, strict: true } },
    },
  }
  for (const [name, { body, part }] of Object.entries(same)) {
    test(name, () => expect(convert(body)).toMatchObject(part))
  }

  test('calls and results keep ids, order and the key order of the wire', () => {
    const { messages } = convert({
      messages: [
        ...USER,
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 's' },
            { type: 'redacted_thinking', data: 'x' },
            text('So.'),
            call('t1'),
            call('t2'),
            call('t3'),
          ],
        },
        {
          role: 'user',
          content: [
            result('t2', { content: 'two', is_error: true }),
            result('t1', {
              content: [
                text('one'),
                { type: 'image', source: { type: 'url', url: 'https://x.test/i.png' } },
              ],
            }),
            result('t3', {
              content: [{ type: 'tool_reference', tool_name: 'find' }],
              is_error: false,
            }),
            text('and?'),
          ],
        },
      ],
    })
    expect(JSON.stringify(messages.slice(1))).toBe(
      JSON.stringify([
        { role: 'assistant', content: [text('So.'), call('t1'), call('t2'), call('t3')] },
        {
          role: 'user',
          content: [
            { tool_use_id: 't2', type: 'tool_result', content: [text('two')], is_error: true },
            {
              tool_use_id: 't1',
              type: 'tool_result',
              content: [
                text('one'),
                { type: 'image', source: { type: 'url', url: 'https://x.test/i.png' } },
              ],
            },
            { tool_use_id: 't3', type: 'tool_result', content: [text('find')] },
            text('and?'),
          ],
        },
      ]),
    )
  })
})
