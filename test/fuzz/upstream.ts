/**
 * What the model API should get, read off the client's request by the documentation of each API
 * alone. It shares nothing with src/, so that a mistake there is not made here as well.
 */
import { parseRaw } from './exact-json.ts'
import type {
  Block,
  ChatBody,
  ChatPart,
  MessagesBody,
  ResponsesBody,
  ResponsesPart,
} from './inputs/bodies.ts'

/** A block of a message, and where it stands in the request. */
type Due = { role: 'user' | 'assistant'; block: Block; at: string }

type DueTool = { name: string; description: string; schema: object; at: string }

export type Expected = {
  system: string
  /** The first path of its parts. */
  systemAt: readonly string[]
  blocks: readonly Due[]
  tools: readonly DueTool[]
}

type Piece = { text: string; at: string }

/** The model API has one place for instructions; those of white space are left out. */
function instructions(pieces: readonly Piece[]): Pick<Expected, 'system' | 'systemAt'> {
  const visible = pieces.filter(({ text }) => text.trim() !== '')
  return {
    system: visible.map(({ text }) => text).join('\n\n'),
    systemAt: pieces.map(({ at }) => at),
  }
}

/** The arguments of a call that has none are an empty object to the model API. */
const NO_SCHEMA = { type: 'object', properties: {} }

export function fromChat({ messages, tools = [] }: ChatBody): Expected {
  const blocks = messages.flatMap((message, index): Due[] => {
    const at = `messages[${index}].content`
    switch (message.role) {
      case 'system':
      case 'developer':
        return []
      case 'tool': {
        const content = chatBlocks(message.content, at).map(({ block }) => block)
        const block = { ...toolResult(message.tool_call_id ?? '', content) }
        return [{ role: 'user', block, at: `messages[${index}]` }]
      }
      case 'user':
        return chatBlocks(message.content, at).map((due) => ({ role: 'user', ...due }))
      case 'assistant': {
        const said = chatBlocks(message.content, at)
        const calls = (message.tool_calls ?? []).map(
          ({ id, function: { name, arguments: json } }, n) => ({
            block: { type: 'tool_use' as const, id, name, input: parseRaw(json) },
            at: `messages[${index}].tool_calls[${n}]`,
          }),
        )
        return [...said, ...calls].map((due) => ({ role: 'assistant', ...due }))
      }
      default:
        return message.role satisfies never
    }
  })
  const pieces = messages.flatMap(({ role, content }, index): Piece[] => {
    if (role !== 'system' && role !== 'developer') return []
    return pieceTexts(content ?? '', `messages[${index}].content`)
  })
  return {
    ...instructions(pieces),
    blocks,
    tools: tools.map(({ function: { name, description = '', parameters = NO_SCHEMA } }, index) => {
      return { name, description, schema: parameters, at: `tools[${index}]` }
    }),
  }
}

function chatBlocks(content: string | null | readonly ChatPart[], at: string) {
  if (content === null) return []
  if (typeof content === 'string') return [{ block: textBlock(content), at }]
  return content.map((part, index) => ({
    block: 'image_url' in part ? imageBlock(part.image_url.url) : textBlock(part.text),
    at: `${at}[${index}]`,
  }))
}

function pieceTexts(content: string | readonly (ChatPart | ResponsesPart)[], at: string): Piece[] {
  if (typeof content === 'string') return [{ text: content, at }]
  return content.flatMap((part, index) =>
    'text' in part ? [{ text: part.text, at: `${at}[${index}]` }] : [],
  )
}

export function fromResponses({ instructions: first, input, tools = [] }: ResponsesBody): Expected {
  const later = input.flatMap((item, index) =>
    item.type === 'message' && (item.role === 'developer' || item.role === 'system')
      ? pieceTexts(item.content, `input[${index}].content`)
      : [],
  )
  const blocks = input.flatMap((item, index): Due[] => {
    const at = `input[${index}]`
    switch (item.type) {
      case 'message': {
        if (item.role !== 'user' && item.role !== 'assistant') return []
        const { role } = item
        return itemBlocks(item.content, `${at}.content`).map((due) => ({ role, ...due }))
      }
      case 'function_call': {
        const { call_id: id, name } = item
        const block: Block = { type: 'tool_use', id, name, input: parseRaw(item.arguments) }
        return [{ role: 'assistant', block, at }]
      }
      case 'function_call_output': {
        const content = itemBlocks(item.output, `${at}.output`).map(({ block }) => block)
        return [{ role: 'user', block: toolResult(item.call_id, content), at }]
      }
      default:
        return item satisfies never
    }
  })
  return {
    ...instructions([
      ...(first === undefined ? [] : [{ text: first, at: 'instructions' }]),
      ...later,
    ]),
    blocks,
    tools: tools.map(({ name, description = '', parameters = NO_SCHEMA }, index) => {
      return { name, description, schema: parameters, at: `tools[${index}]` }
    }),
  }
}

function itemBlocks(content: string | readonly ResponsesPart[], at: string) {
  if (typeof content === 'string') return [{ block: textBlock(content), at }]
  return content.map((part, index) => ({
    block: 'image_url' in part ? imageBlock(part.image_url) : textBlock(part.text),
    at: `${at}[${index}]`,
  }))
}

/** This API is the model's own: what comes in is what goes out. */
export function fromMessages({ system, messages, tools = [] }: MessagesBody): Expected {
  const pieces = typeof system === 'string' ? [{ text: system }] : (system ?? [])
  return {
    ...instructions(
      pieces.map(({ text }, index) => {
        return { text, at: typeof system === 'string' ? 'system' : `system[${index}]` }
      }),
    ),
    blocks: messages.flatMap(({ role, content }, index): Due[] => {
      const at = `messages[${index}].content`
      if (typeof content === 'string') return [{ role, block: textBlock(content), at }]
      return content.map((block, n) => ({ role, block, at: `${at}[${n}]` }))
    }),
    tools: tools.map(({ name, description = '', input_schema }, index) => {
      return { name, description, schema: input_schema, at: `tools[${index}]` }
    }),
  }
}

function textBlock(text: string): Block {
  return { type: 'text', text }
}

function toolResult(id: string, content: readonly Block[]): Block {
  return { type: 'tool_result', tool_use_id: id, content }
}

function imageBlock(url: string): Block {
  const [, type = '', data = ''] = /^data:([^;]+);base64,(.*)$/.exec(url) ?? []
  return { type: 'image', source: { type: 'base64', media_type: type, data } }
}
