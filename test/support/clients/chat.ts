import type OpenAI from 'openai'
import {
  messageReply,
  type ReplyBlock,
  type ReplyOptions,
} from '../../../src/demo/message-stream.ts'
import type { ModelRequest, Script } from '../../../src/demo/model-api.ts'
import { conversationOf } from '../servers/model-api.ts'
import type { TestServer } from '../servers/server.ts'

export type Body = Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>
export type Messages = OpenAI.ChatCompletionMessageParam[]

/** The scripted model says this and ends its turn. */
export const say = (text: string, options: ReplyOptions = {}) =>
  messageReply([{ type: 'text', text }], options)

export const call = (id: string, name = 'look', input: unknown = { at: id }): ReplyBlock => ({
  type: 'tool_use',
  ...{ id, name, input },
})

export const tool = (name = 'look', description = ''): OpenAI.ChatCompletionFunctionTool => ({
  type: 'function',
  function: {
    ...{ name, description },
    parameters: { type: 'object', properties: { at: { type: 'string' } } },
  },
})

/** The model makes these calls when it is asked, and says `done` once it has their results. */
export function callsOnce(...calls: ReplyBlock[]): Script {
  return (request) => (resultsIn(request).length > 0 ? say('done') : messageReply(calls))
}

type Result = { tool_use_id: string; content: unknown }

/** The tool results in the last message that the model API received. */
export function resultsIn(request: ModelRequest): Result[] {
  const content = conversationOf(request).at(-1)?.content
  if (!Array.isArray(content)) return []
  return content.filter((block: { type: string }) => block.type === 'tool_result')
}

/** The answers to every call of a message, in order. */
export function answersTo(
  { tool_calls = [] }: { tool_calls?: readonly { id: string }[] },
  content: (id: string) => string = (id) => `result of ${id}`,
): OpenAI.ChatCompletionToolMessageParam[] {
  return tool_calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: content(id) }))
}

export type Asked = {
  message: OpenAI.ChatCompletionMessage
  finish: string
  usage: OpenAI.CompletionUsage | undefined
  /** How the pool came by the worker. */
  worker: string | null
  /** What of the request was ignored. */
  ignored: string | null
  /** What of the request was altered. */
  changed: string | null
}

/** Asks as the official client does; `messages` is `go` unless given. */
export async function ask({ client }: Pick<TestServer, 'client'>, body: Body = {}): Promise<Asked> {
  const { data, response } = await client.chat.completions
    .create({ model: 'sonnet', messages: [{ role: 'user', content: 'go' }], ...body })
    .withResponse()
  const [choice] = data.choices
  if (!choice) throw new Error('The answer has no choice.')
  return {
    message: choice.message,
    finish: choice.finish_reason,
    usage: data.usage,
    worker: response.headers.get('x-claude-max-api-worker'),
    ignored: response.headers.get('x-claude-max-api-ignored'),
    changed: response.headers.get('x-claude-max-api-changed'),
  }
}

/** A failed request as a value. */
export async function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('The request was expected to fail.')
    },
    (error: unknown) => error,
  )
}
