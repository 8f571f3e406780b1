import { describe, expect, test } from 'bun:test'
import { afterCall, call, convert, result, text, tool, USER } from '../support/clients/messages.ts'

const imageOf = (source: object) => ({
  messages: [{ role: 'user', content: [{ type: 'image', source }] }],
})

describe('a request that is refused says where and why', () => {
  const refused: Record<string, { body: object; param: string; says?: string }> = {
    'no max_tokens': { body: { max_tokens: undefined }, param: 'max_tokens' },
    'an unknown block': {
      body: { messages: [{ role: 'user', content: [text('a'), { type: 'search_result' }] }] },
      param: 'messages[0].content[1].type',
      says: "'document'",
    },
    'an unknown block in a result': {
      body: { messages: afterCall([result('t1', { content: [{ type: 'search_result' }] })]) },
      param: 'messages[2].content[0].content[0].type',
    },
    'an uploaded file': {
      body: imageOf({ type: 'file', file_id: 'file_1' }),
      param: 'messages[0].content[0].source.type',
    },
    'an image of another kind': {
      body: imageOf({ type: 'base64', media_type: 'image/bmp', data: 'aGk=' }),
      param: 'messages[0].content[0].source.data',
      says: 'image/webp',
    },
    'data that is not base64': {
      body: imageOf({ type: 'base64', media_type: 'image/png', data: 'ä' }),
      param: 'messages[0].content[0].source.data',
    },
    'an unknown role': { body: { messages: [{ role: 'tool' }] }, param: 'messages[0].role' },
    'an answer at the end': {
      body: { messages: [...USER, { role: 'assistant', content: 'I' }] },
      param: 'messages',
    },
    'nothing but blanks': {
      body: { messages: [{ role: 'user', content: ' ' }] },
      param: 'messages',
    },
    'a call without a result': {
      body: {
        messages: [...afterCall([text('no')]), { role: 'assistant', content: 'x' }, ...USER],
      },
      param: 'messages',
      says: 't1',
    },
    'a result without a call': {
      body: { messages: [{ role: 'user', content: [result('t9')] }] },
      param: 'messages[0].content[0].tool_use_id',
      says: 't9',
    },
    'two results for a call': {
      body: { messages: afterCall([result('t1'), result('t1')]) },
      param: 'messages[2].content[1].tool_use_id',
    },
    'two calls of one id': {
      body: { messages: [...USER, { role: 'assistant', content: [call('t1'), call('t1')] }] },
      param: 'messages[1].content[1].id',
    },
    'an image in a failed result': {
      body: {
        messages: afterCall([
          result('t1', {
            is_error: true,
            content: [
              text('broken'),
              { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
            ],
          }),
        ]),
      },
      param: 'messages[2].content[0].content[1]',
    },
    'a tool that is not there': {
      body: { tools: [tool('look')], tool_choice: { type: 'tool', name: 'find' } },
      param: 'tool_choice',
      says: 'find',
    },
    'any tool of none': { body: { tool_choice: { type: 'any' } }, param: 'tool_choice' },
    'a blank stop sequence': { body: { stop_sequences: ['\n'] }, param: 'stop_sequences[0]' },
    'a schema that is no object': {
      body: { output_config: { format: { type: 'json_schema', schema: { type: 'array' } } } },
      param: 'output_config.format.schema',
    },
    'a temperature above 1': { body: { temperature: 1.5 }, param: 'temperature' },
  }
  for (const [name, { body, param, says }] of Object.entries(refused)) {
    test(name, () => {
      expect(() => convert(body)).toThrow(
        expect.objectContaining({
          ...{ kind: 'invalid_request', param },
          message: expect.stringContaining(says ?? param),
        }),
      )
    })
  }
})
