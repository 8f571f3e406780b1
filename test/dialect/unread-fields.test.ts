import { describe, expect, test } from 'bun:test'
import type { z } from 'zod'
import { MESSAGES_PARAMETERS } from '../../src/anthropic/messages-parameters.ts'
import { MessagesRequest } from '../../src/anthropic/messages-schema.ts'
import type { ParameterTable } from '../../src/dialect/parameters.ts'
import { parseRequest } from '../../src/dialect/parse.ts'
import { unreadFields } from '../../src/dialect/unread-fields.ts'
import { CHAT_PARAMETERS } from '../../src/openai/chat/parameters.ts'
import { ChatRequest } from '../../src/openai/chat/schema.ts'
import { COMPLETIONS_PARAMETERS } from '../../src/openai/completions/parameters.ts'
import { CompletionRequest } from '../../src/openai/completions/schema.ts'
import { RESPONSES_PARAMETERS } from '../../src/openai/responses/parameters.ts'
import { ResponsesRequest } from '../../src/openai/responses/schema.ts'

type Dialect = { table: ParameterTable; schema: z.ZodObject; required: object }
const USER = { role: 'user', content: 'hi' }
const CHAT: Dialect = {
  table: CHAT_PARAMETERS,
  schema: ChatRequest,
  required: { model: 'sonnet', messages: [USER] },
}
const RESPONSES: Dialect = {
  table: RESPONSES_PARAMETERS,
  schema: ResponsesRequest,
  required: { model: 'sonnet', input: 'hi' },
}
const MESSAGES: Dialect = {
  table: MESSAGES_PARAMETERS,
  schema: MessagesRequest,
  required: { model: 'sonnet', max_tokens: 9, messages: [USER] },
}
const COMPLETIONS: Dialect = {
  table: COMPLETIONS_PARAMETERS,
  schema: CompletionRequest,
  required: { model: 'sonnet', prompt: 'hi' },
}

function unread({ table, schema, required }: Dialect, fields: object, strict = false): string[] {
  const body = { ...required, ...fields }
  return unreadFields(table, body, parseRequest(schema, body), { strict })
}

/** A function as each API has it, with more fields. */
const schema = { type: 'object', properties: { unknown: { strict: true, cache_control: {} } } }
const cached = { cache_control: { type: 'ephemeral' } }
const image = (detail: string) => ({
  type: 'image_url',
  image_url: { url: 'https://x.test/i.png', detail },
})
const call = { id: 'a', index: 0, type: 'function', function: { name: 'f', arguments: '{}' } }
const source = { type: 'text', media_type: 'text/plain', data: 'words' }

type Case = [what: string, dialect: Dialect, fields: object, named: string[]]
const CASES: Case[] = [
  ['nothing', CHAT, {}, []],
  ['a name', CHAT, { messages: [USER, { ...USER, name: 'ada' }] }, ['messages[1].name']],
  [
    "a function's name, which is read",
    CHAT,
    {
      messages: [
        { role: 'assistant', function_call: { name: 'f', arguments: '{}' } },
        { role: 'function', name: 'f', content: 'x' },
      ],
    },
    [],
  ],
  [
    'what answers have and requests need not',
    CHAT,
    {
      messages: [
        {
          ...{ role: 'assistant', content: 'a', refusal: null, annotations: [], audio: null },
          ...{ reasoning_content: 'hm', tool_calls: [call] },
        },
        { role: 'tool', tool_call_id: 'a', content: 'x' },
      ],
    },
    [],
  ],
  [
    'audio and annotations of an answer',
    CHAT,
    {
      messages: [
        { role: 'assistant', content: 'a', audio: { id: 'x' }, annotations: [{ type: 'x' }] },
      ],
    },
    ['messages[0].audio', 'messages[0].annotations'],
  ],
  [
    'the detail of an image',
    CHAT,
    { messages: [{ role: 'user', content: [image('auto'), image('low')] }] },
    ['messages[0].content[1].image_url.detail'],
  ],
  [
    'a strict tool, and what is in its schema',
    CHAT,
    {
      tools: [
        { type: 'function', function: { name: 'f', strict: false, parameters: schema } },
        { type: 'function', function: { name: 'g', strict: true } },
        { type: 'web_search', name: 'w', limit: 3 },
      ],
    },
    ['tools[1].function.strict'],
  ],
  [
    'unknown fields',
    CHAT,
    {
      ...{ foo: 1, bar: null, constructor: 'x', seed: 3, metadata: { a: 'b' } },
      messages: [{ ...USER, content: [{ type: 'text', text: 'a', ...cached, color: 'red' }] }],
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'n', description: 'd', schema },
      },
    },
    [
      ...['messages[0].content[0].color', 'foo', 'constructor'],
      'response_format.json_schema.description',
    ],
  ],
  [
    'details and strictness',
    RESPONSES,
    {
      input: [
        {
          role: 'user',
          content: [{ type: 'input_image', image_url: 'https://x.test/i.png', detail: 'high' }],
        },
        {
          ...{ type: 'message', id: 'msg_1', status: 'completed', role: 'assistant' },
          content: [{ type: 'output_text', text: 'a', annotations: [], logprobs: [] }],
        },
        { type: 'reasoning', id: 'rs_1', summary: [{ text: 'x' }], encrypted_content: 'x' },
        { type: 'web_search_call', id: 'ws_1', action: { query: 'x' } },
      ],
      tools: [{ type: 'function', name: 'f', parameters: schema, strict: true }],
      text: { format: { type: 'json_schema', name: 'n', description: 'd', schema } },
      client_metadata: { a: 'b' },
    },
    [
      ...['input[0].content[0].detail', 'tools[0].strict', 'text.format.description'],
      'client_metadata',
    ],
  ],
  [
    'caching, citations and callers',
    MESSAGES,
    {
      system: [{ type: 'text', text: 's', ...cached }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'document', source, title: 'T', citations: { enabled: true }, ...cached },
            { type: 'document', source, citations: { enabled: false } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 'x' },
            { type: 'text', text: 'a', citations: null },
            { type: 'tool_use', id: 'a', name: 'f', input: schema, caller: { type: 'direct' } },
          ],
        },
        {
          role: 'user',
          content: [
            {
              ...{ type: 'tool_result', tool_use_id: 'a', ...cached },
              content: [{ type: 'document', source, citations: { enabled: true } }],
            },
          ],
        },
      ],
      tools: [
        { name: 'f', input_schema: schema, strict: true, defer_loading: true, ...cached },
        { type: 'web_search_20260101', name: 'web_search', max_uses: 3 },
      ],
    },
    [
      ...['messages[0].content[0].citations', 'messages[2].content[0].content[0].citations'],
      ...['tools[0].strict', 'tools[0].defer_loading'],
    ],
  ],
  [
    'unknown fields and obfuscation',
    COMPLETIONS,
    { best: 1, stream_options: { include_usage: true, include_obfuscation: true, x: 1 } },
    ['best', 'stream_options.x'],
  ],
]

describe('fields that nobody reads are named by their place', () => {
  for (const [what, dialect, fields, named] of CASES) {
    const api = Object.entries({ CHAT, RESPONSES, MESSAGES, COMPLETIONS }).find(
      ([, value]) => value === dialect,
    )
    test(`${api?.[0]}: ${what}`, () => expect(unread(dialect, fields)).toEqual(named))
  }

  test('or refused, if the owner wants it so', () => {
    expect(() => unread(CHAT, { messages: [{ ...USER, name: 'ada' }] }, true)).toThrow(
      expect.objectContaining({ kind: 'invalid_request', param: 'messages[0].name' }),
    )
    expect(unread(CHAT, { messages: [{ ...USER, ...cached }] }, true)).toEqual([])
  })

  test('up to a number that a header can hold', () => {
    const messages = Array.from({ length: 10_000 }, () => ({ ...USER, name: 'ada' }))
    expect(unread(CHAT, { messages }).length).toBe(200)
  })
})
