import { toConversation } from '../../../src/anthropic/messages-request.ts'
import { MessagesRequest } from '../../../src/anthropic/messages-schema.ts'
import { parseRequest } from '../../../src/dialect/parse.ts'
import { Remarks } from '../../../src/dialect/remarks.ts'

/** Pieces of requests to the Messages API, for table tests. */
export const USER = [{ role: 'user', content: 'hi' }]

export const text = (words: string) => ({ type: 'text' as const, text: words })

export const tool = (name: string, more: object = {}) => ({
  ...{ name, input_schema: { type: 'object' } },
  ...more,
})

export const call = (id: string) => ({ type: 'tool_use', id, name: 'look', input: { z: 1, a: 2 } })

export const result = (id: string, more: object = {}) => ({
  ...{ type: 'tool_result', tool_use_id: id },
  ...more,
})

/** A conversation with one call, `t1`, and what comes next. */
export const afterCall = (content: object[]) => [
  ...USER,
  { role: 'assistant', content: [call('t1')] },
  { role: 'user', content },
]

export const parse = (body: object) =>
  parseRequest(MessagesRequest, { model: 'm', max_tokens: 9, messages: USER, ...body })

export const convert = (body: object, sampling: 'ignore' | 'forward' = 'ignore') =>
  toConversation(parse(body), { model: 'sonnet', sampling, remarks: new Remarks() })
