import { describe, expect, test } from 'bun:test'
import {
  DEFAULT_PARAMETERS,
  type Effort,
  type Parameters,
} from '../../../src/conversation/types.ts'
import { parseRequest } from '../../../src/dialect/parse.ts'
import { Remarks } from '../../../src/dialect/remarks.ts'
import { toConversation } from '../../../src/openai/chat/request.ts'
import { ChatRequest } from '../../../src/openai/chat/schema.ts'

const tool = (name: string) => ({ type: 'function', function: { name, parameters: {} } })
const named = (name: string) => ({ type: 'function', function: { name } })
const TOOLS = { tools: [tool('look'), tool('listen')] }
const FUNCTIONS = { functions: [{ name: 'look', parameters: {} }] }
const allowed = (mode: 'auto' | 'required') => ({
  ...TOOLS,
  tool_choice: { type: 'allowed_tools', allowed_tools: { mode, tools: [named('listen')] } },
})

function read(body: object, sampling: 'ignore' | 'forward' = 'ignore') {
  const messages = [{ role: 'user', content: 'go' }]
  const request = parseRequest(ChatRequest, { model: 'sonnet', messages, ...body })
  return toConversation(request, { model: 'sonnet', sampling, remarks: new Remarks() })
}

describe('parameters of a request', () => {
  const once = { parallelToolCalls: false }
  test.each<[string, object, Partial<Parameters>]>([
    ['nothing said', {}, {}],
    ['max_tokens', { max_tokens: 77 }, { maxTokens: 77 }],
    ['max_completion_tokens', { max_completion_tokens: 99 }, { maxTokens: 99 }],
    ['the newer of both', { max_tokens: 1, max_completion_tokens: 98 }, { maxTokens: 98 }],
    ['one stop', { stop: 'END' }, { stopSequences: ['END'] }],
    ['four stops', { stop: ['a', 'b', 'c', 'd'] }, { stopSequences: ['a', 'b', 'c', 'd'] }],
    ['an empty stop', { stop: [''] }, {}],
    ['auto', { ...TOOLS, tool_choice: 'auto' }, {}],
    ['none', { ...TOOLS, tool_choice: 'none' }, { toolChoice: { type: 'none' } }],
    ['required', { ...TOOLS, tool_choice: 'required' }, { toolChoice: { type: 'required' } }],
    [
      'a function',
      { ...TOOLS, tool_choice: named('listen') },
      { toolChoice: { type: 'tool', name: 'listen' } },
    ],
    ['one at a time', { ...TOOLS, parallel_tool_calls: false }, once],
    ['some tools', allowed('auto'), {}],
    ['some tools, one of them', allowed('required'), { toolChoice: { type: 'required' } }],
    ['functions', FUNCTIONS, once],
    [
      'functions, none of them',
      { ...FUNCTIONS, function_call: 'none' },
      { ...once, toolChoice: { type: 'none' } },
    ],
    [
      'functions, one by name',
      { ...FUNCTIONS, function_call: { name: 'look' } },
      { ...once, toolChoice: { type: 'tool', name: 'look' } },
    ],
    ['sampling', { temperature: 0.5, top_p: 0.9 }, {}],
  ])('%s', (_what, body, expected) => {
    expect(read(body).parameters).toEqual({ ...DEFAULT_PARAMETERS, ...expected })
  })

  test('sampling is forwarded to a model API whose scale ends at 1', () => {
    const { parameters } = read({ temperature: 1.5, top_p: 0.4 }, 'forward')
    expect(parameters).toMatchObject({ temperature: 1, topP: 0.4 })
  })

  test('the tools that are allowed are the only ones', () => {
    expect(read(allowed('auto')).tools.map(({ name }) => name)).toEqual(['listen'])
    expect(read(TOOLS).tools.map(({ name }) => name)).toEqual(['look', 'listen'])
  })

  test.each<[string, Effort]>([
    ['none', 'none'],
    ['minimal', 'low'],
    ['low', 'low'],
    ['medium', 'medium'],
    ['high', 'high'],
    ['xhigh', 'xhigh'],
    ['max', 'max'],
  ])('reasoning_effort %s is %s', (reasoning_effort, effort) => {
    expect(read({ reasoning_effort }).effort).toBe(effort)
  })

  test('no reasoning_effort is the default of the model', () => {
    expect(read({})).not.toHaveProperty('effort')
  })
})
