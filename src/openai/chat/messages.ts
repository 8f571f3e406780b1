import type { Message, ToolResultBlock } from '../../conversation/types.ts'
import { readCallArguments } from '../../dialect/calls/call-arguments.ts'
import type { ImageReader } from '../../dialect/images/image.ts'
import type { Remarks } from '../../dialect/remarks.ts'
import { joinInstructions, toTextBlocks } from '../../dialect/texts.ts'
import { TurnError } from '../../errors.ts'
import { messageReader, resultReader } from '../content.ts'
import { toContentBlocks } from './content.ts'
import type { ChatMessage } from './schema.ts'
import { MessageReader } from '../../dialect/calls/message-reader.ts'

type Role<R extends ChatMessage['role']> = Extract<ChatMessage, { role: R }>

export function toSystem(messages: readonly ChatMessage[], remarks: Remarks): string {
  const texts = messages.flatMap((message) => {
    if (message.role !== 'system' && message.role !== 'developer') return []
    const { content } = message
    return typeof content === 'string' ? [content] : content.map(({ text }) => text)
  })
  return joinInstructions(texts, 'messages', remarks)
}

/**
 * Converts the client's messages into turns of user and assistant, with every result right after
 * its call.
 */
export function toMessages(
  messages: readonly ChatMessage[],
  images: ImageReader,
  remarks: Remarks,
): Message[] {
  const reader = new MessageReader(remarks)
  for (const [index, message] of messages.entries()) {
    readMessage(reader, message, `messages[${index}]`, images)
  }
  requireResults(reader)
  return reader.turns
}

function readMessage(
  reader: MessageReader,
  message: ChatMessage,
  path: string,
  images: ImageReader,
): void {
  switch (message.role) {
    case 'system':
    case 'developer':
      return
    case 'user':
      requireResults(reader)
      return reader.addUser(
        toContentBlocks(message.content, `${path}.content`, messageReader(images)),
      )
    case 'assistant':
      requireResults(reader)
      return readAssistant(reader, message, path)
    case 'tool':
      return reader.addUser([toResult(reader, message, path, images)])
    case 'function': {
      const tool_call_id = openFunction(reader, message.name, path)
      const content = message.content ?? ''
      return reader.addUser([
        toResult(reader, { role: 'tool', tool_call_id, content }, path, images),
      ])
    }
    default:
      return message satisfies never
  }
}

function requireResults({ openCalls }: MessageReader): void {
  if (openCalls.length === 0) return
  throw new TurnError(
    'invalid_request',
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. " +
      `The following tool_call_ids did not have response messages: ${openCalls.join(', ')}.`,
    { param: 'messages' },
  )
}

function readAssistant(reader: MessageReader, message: Role<'assistant'>, path: string): void {
  const { content, refusal, tool_calls, function_call } = message
  const texts =
    typeof content === 'string'
      ? [content]
      : (content ?? []).map((part) => (part.type === 'text' ? part.text : part.refusal))
  const calls = (tool_calls ?? []).map(({ id, function: call }, index) =>
    reader.openCall(
      { id, name: call.name },
      readCallArguments(call.arguments),
      `${path}.tool_calls[${index}].function.arguments`,
    ),
  )
  if (function_call) {
    const { name, arguments: json } = function_call
    const place = `${path}.function_call.arguments`
    calls.push(reader.openCall({ id: functionId(name), name }, readCallArguments(json), place))
  }
  reader.addAssistant([...[...texts, refusal ?? ''].flatMap(toTextBlocks), ...calls])
}

function toResult(
  reader: MessageReader,
  message: Role<'tool'>,
  path: string,
  images: ImageReader,
): ToolResultBlock {
  const { tool_call_id, content } = message
  const blocks = toContentBlocks(content, `${path}.content`, resultReader(images))
  const result = reader.closeCall(tool_call_id, blocks)
  if (result) return result
  throw new TurnError(
    'invalid_request',
    `'${path}' answers no call: messages with role 'tool' must follow an assistant message whose 'tool_calls' has the id '${tool_call_id}'.`,
    { param: `${path}.tool_call_id` },
  )
}

function openFunction(reader: MessageReader, name: string, path: string): string {
  const id = functionId(name)
  if (reader.hasOpenCall(id)) return id
  throw new TurnError('invalid_request', `'${path}' answers no call of a function '${name}'.`, {
    param: `${path}.name`,
  })
}

/** Calls of functions have no ids, so one is made from the name. */
function functionId(name: string): string {
  return `function_${name}`
}
