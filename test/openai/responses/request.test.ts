import { describe, expect, test } from 'bun:test'
import { parseRequest } from '../../../src/dialect/parse.ts'
import { Remarks } from '../../../src/dialect/remarks.ts'
import type { Conversation } from '../../../src/conversation/types.ts'
import { TurnError } from '../../../src/errors.ts'
import { toConversation } from '../../../src/openai/responses/request.ts'
import { ResponsesRequest } from '../../../src/openai/responses/schema.ts'
import { toItems } from '../../../src/openai/responses/stored.ts'

function convert(body: Record<string, unknown>): Conversation {
  const request = parseRequest(ResponsesRequest, { model: 'sonnet', input: 'hi', ...body })
  const history = { before: [], input: toItems(request.input) }
  return toConversation(request, {
    model: 'sonnet',
    sampling: 'ignore',
    remarks: new Remarks(),
    history,
  })
}

function refusal(body: Record<string, unknown>): TurnError {
  try {
    convert(body)
  } catch (error) {
    if (error instanceof TurnError) return error
    throw error
  }
  throw new Error('The request was expected to be refused.')
}

const said = (text: string) => ({ type: 'message', role: 'assistant', content: text })
const call = (id: string) => ({
  type: 'function_call',
  ...{ call_id: id, name: 'look', arguments: '{}' },
})
const output = (id: string, more: object = {}) => ({
  type: 'function_call_output',
  ...{ call_id: id, output: `result of ${id}`, ...more },
})

const part = (text: string) => ({ type: 'input_text', text })

test('instructions of every kind are the system prompt, in order', () => {
  const input = [
    { role: 'system', content: 'b' },
    { role: 'developer', content: [part('c'), part('d')] },
    { role: 'user', content: 'hi' },
  ]
  expect(convert({ instructions: 'a', input })).toMatchObject({
    system: 'a\n\nb\n\nc\n\nd',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
  })
})

test('no instructions are none, and so are blank ones', () => {
  expect(convert({}).system).toBe('')
  const input = [
    { role: 'system', content: ' ' },
    { role: 'user', content: 'hi' },
  ]
  expect(convert({ instructions: ' \n', input }).system).toBe('')
})

describe('settings', () => {
  const tools = [
    { type: 'function', name: 'look', description: 'looks', parameters: { type: 'object' } },
    { type: 'function', name: 'go', strict: true },
    { type: 'web_search', external_web_access: true },
    { type: 'namespace', name: 'agents', tools: [] },
  ]
  const look = { name: 'look', description: 'looks', inputSchema: { type: 'object' } }
  const go = { name: 'go', description: '', inputSchema: { type: 'object', properties: {} } }
  const schema = { type: 'object', properties: { a: { type: 'string' } } }

  test('functions are tools, whatever else there is', () => {
    expect(convert({ tools }).tools).toEqual([look, go])
    const choice = { type: 'allowed_tools', mode: 'required', tools: [tools[1]] }
    const { tools: allowed, parameters } = convert({ tools, tool_choice: choice })
    expect(allowed).toEqual([go])
    expect(parameters.toolChoice).toEqual({ type: 'required' })
  })

  const parameters: [object, object][] = [
    [{}, { toolChoice: { type: 'auto' }, parallelToolCalls: true }],
    [{ tools, tool_choice: 'none' }, { toolChoice: { type: 'none' } }],
    [
      { tools, tool_choice: { type: 'function', name: 'go' } },
      { toolChoice: { type: 'tool', name: 'go' } },
    ],
    [{ parallel_tool_calls: false }, { parallelToolCalls: false }],
    [{ max_output_tokens: 5 }, { maxTokens: 5 }],
  ]
  for (const [body, expected] of parameters) {
    test(`parameters of ${JSON.stringify(body).slice(-60)}`, () =>
      expect(convert({ ...body }).parameters).toMatchObject(expected))
  }

  test('effort and formats', () => {
    expect(convert({ reasoning: { effort: 'minimal' } }).effort).toBe('low')
    expect(convert({ reasoning: {} }).effort).toBeUndefined()
    const format = { type: 'json_schema', name: 'a', strict: true, schema }
    expect(convert({ text: { format } }).outputSchema).toEqual({ schema, strict: true })
    expect(convert({ text: { format: { type: 'json_object' } } }).outputSchema).toEqual({
      ...{ schema: { type: 'object' }, strict: false },
    })
    expect(convert({ text: { format: { type: 'text' } } }).outputSchema).toBeUndefined()
  })
})

describe('what cannot be read is refused by its place', () => {
  const go = { role: 'user', content: 'go' }
  const cases: [string, Record<string, unknown>, string, string][] = [
    ['no input', { input: undefined }, 'input', 'invalid'],
    ['an empty input', { input: [] }, 'input', 'The last item'],
    ['a blank input', { input: ' ' }, 'input', 'The last item'],
    ['the assistant as the last', { input: [go, said('x')] }, 'input', 'The last item'],
    [
      'a call without an output',
      { input: [go, call('call_x')] },
      ...(['input', 'No tool output found for function call call_x.'] as const),
    ],
    [
      'an output without a call',
      { input: [go, output('call_y')] },
      ...(['input', 'No tool call found for function call output with call_id call_y.'] as const),
    ],
    [
      'an output twice',
      { input: [go, call('a'), output('a'), output('a')] },
      ...(['input', 'No tool call found'] as const),
    ],
    [
      'an id that two calls have',
      { input: [go, call('a'), call('a'), output('a'), output('a')] },
      ...(['input[2].call_id', 'two calls'] as const),
    ],
    ['a role', { input: [{ role: 'robot', content: '' }] }, 'input[0].role', 'invalid option'],
    ['content', { input: [go, { role: 'user', content: 1 }] }, 'input[1].content', 'expected'],
    [
      'a part',
      { input: [{ role: 'user', content: [{ type: 'input_text' }] }] },
      ...(['input[0].content[0].text', 'expected string'] as const),
    ],
    [
      'an image by id',
      { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'file_1' }] }] },
      ...(['input[0].content[0].image_url', 'data URL'] as const),
    ],
    [
      'an image that is none, in an output',
      {
        input: [go, call('a'), output('a', { output: [{ type: 'input_image', image_url: 'x' }] })],
      },
      ...(['input[2].output[0].image_url', 'data URL'] as const),
    ],
    ['a tool that is not there', { tool_choice: 'required' }, 'tool_choice', "needs 'tools'"],
    ['a tool by type', { tool_choice: { type: 'web_search' } }, 'tool_choice.type', 'invalid'],
    [
      'a schema that is no object',
      { text: { format: { type: 'json_schema', name: 'a', schema: { type: 'array' } } } },
      ...(['text.format.schema', 'of type "object"'] as const),
    ],
  ]
  for (const [name, body, param, message] of cases) {
    test(name, () => {
      const error = refusal(body)
      expect(error).toMatchObject({ kind: 'invalid_request', param })
      expect(error.message).toContain(message)
    })
  }
})
