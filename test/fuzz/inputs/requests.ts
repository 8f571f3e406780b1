import type {
  Block,
  ChatBody,
  ChatFunction,
  ChatMessage,
  ChatPart,
  MessagesBody,
  ResponsesBody,
  ResponsesItem,
  ResponsesPart,
} from './bodies.ts'
import type { Asked, Conversation, Dialect, Part, Said, Style, Tool } from '../conversation.ts'
import { parseRaw } from '../exact-json.ts'

export const PATH = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
} as const satisfies Record<Dialect, string>

/** The id of the response to go on from, and from which step on the input is new. */
export type Previous = { id: string; from: number }

export type Wanted = { step: number; stream: boolean; previous?: Previous | undefined }

/** The JSON text of the request that asks a step, with all that was said before it. */
export function toRequest(conversation: Conversation, wanted: Wanted): string {
  const { stream, step, previous } = wanted
  const common = { model: 'sonnet', stream }
  switch (conversation.dialect) {
    case 'chat':
      return JSON.stringify({ ...common, ...toChat(conversation, step) })
    case 'responses': {
      const body = toResponses(conversation, { step, from: previous?.from ?? 0 })
      const { stored } = conversation.style
      return JSON.stringify({
        ...{ ...common, store: stored, ...body },
        ...(previous && { previous_response_id: previous.id }),
      })
    }
    case 'messages':
      return JSON.stringify({ ...common, max_tokens: 32_000, ...toMessages(conversation, step) })
    default:
      return conversation.dialect satisfies never
  }
}

export function toChat({ style, system, tools, steps }: Conversation, last: number): ChatBody {
  const told = steps
    .slice(0, last + 1)
    .flatMap(({ asked, said }, index) => [
      ...toChatAsked(asked, style),
      ...(index < last ? [toChatSaid(said, style)] : []),
    ])
  const role = style.developer ? 'developer' : 'system'
  const instructions = system.map((text): ChatMessage => {
    return { role, content: chatContent([{ type: 'text', text }], style) }
  })
  const late = style.developer ? instructions.slice(1) : []
  const early = instructions.slice(0, instructions.length - late.length)
  return {
    messages: [...early, ...told.slice(0, 1), ...late, ...told.slice(1)],
    ...(tools.length > 0 && {
      tools: tools.map((tool) => ({ type: 'function', function: toFunction(tool) })),
    }),
  }
}

function toChatAsked(asked: Asked, style: Style): ChatMessage[] {
  const parts = asked.role === 'user' ? asked.parts : asked.note
  const groups = style.spread ? parts.map((part) => [part]) : [parts]
  const words = groups
    .filter((group) => group.length > 0)
    .map((group): ChatMessage => ({ role: 'user', content: chatContent(group, style) }))
  if (asked.role === 'user') return words
  const results = asked.results.map(({ id, parts: result }): ChatMessage => {
    return { role: 'tool', tool_call_id: id, content: chatContent(result, style) }
  })
  return [...results, ...words]
}

function toChatSaid({ texts, calls }: Said, { parts }: Style): ChatMessage {
  const several = texts.map((text) => ({ type: 'text', text }))
  const joined = texts.length === 0 ? null : texts.join('')
  return {
    ...{ role: 'assistant', content: parts && texts.length > 0 ? several : joined },
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ id, name, json }) => {
        return { id, type: 'function', function: { name, arguments: json } }
      }),
    }),
  }
}

function chatContent(parts: readonly Part[], style: Style): string | ChatPart[] {
  return onlyText(parts, style) ?? parts.map(toChatPart)
}

function toChatPart(part: Part): ChatPart {
  return part.type === 'text' ? part : { type: 'image_url', image_url: { url: dataUrl(part.data) } }
}

export function toResponses(
  { style, system, tools, steps }: Conversation,
  { step: last, from = 0 }: { step: number; from?: number },
): ResponsesBody {
  const told = steps
    .slice(from, last + 1)
    .flatMap(({ asked, said }, index) => [
      ...toItemsAsked(asked, style),
      ...(from + index < last ? toItemsSaid(said) : []),
    ])
  // What goes on from a stored response has its instructions in one place: they are not kept.
  const [first = '', ...more] = style.stored || !style.developer ? [system.join('\n\n')] : system
  const developer = more.map((text): ResponsesItem => {
    return { type: 'message', role: 'developer', content: text }
  })
  return {
    ...(system.length > 0 && { instructions: first }),
    input: [...developer, ...told],
    ...(tools.length > 0 && {
      tools: tools.map((tool) => ({ type: 'function', ...toFunction(tool) })),
    }),
  }
}

function toItemsAsked(asked: Asked, style: Style): ResponsesItem[] {
  const parts = asked.role === 'user' ? asked.parts : asked.note
  const groups = style.spread ? parts.map((part) => [part]) : [parts]
  const words = groups
    .filter((group) => group.length > 0)
    .map((group): ResponsesItem => {
      return { type: 'message', role: 'user', content: itemContent(group, style) }
    })
  if (asked.role === 'user') return words
  const outputs = asked.results.map(({ id, parts: result }): ResponsesItem => {
    return { type: 'function_call_output', call_id: id, output: itemContent(result, style) }
  })
  return [...outputs, ...words]
}

function toItemsSaid({ texts, calls }: Said): ResponsesItem[] {
  const content = texts.map((text) => ({ type: 'output_text', text, annotations: [] }))
  return [
    ...(texts.length > 0 ? [{ type: 'message' as const, role: 'assistant', content }] : []),
    ...calls.map(({ id, name, json }): ResponsesItem => {
      return { type: 'function_call', call_id: id, name, arguments: json }
    }),
  ]
}

function itemContent(parts: readonly Part[], style: Style): string | ResponsesPart[] {
  return onlyText(parts, style) ?? parts.map(toItemPart)
}

function toItemPart(part: Part): ResponsesPart {
  if (part.type === 'text') return { type: 'input_text', text: part.text }
  return { type: 'input_image', image_url: dataUrl(part.data) }
}

export function toMessages(
  { style, system, tools, steps }: Conversation,
  last: number,
): MessagesBody {
  const told = steps
    .slice(0, last + 1)
    .flatMap(({ asked, said }, index) => [
      ...toTurnsAsked(asked, style),
      ...(index < last ? [{ role: 'assistant' as const, content: toBlocksSaid(said) }] : []),
    ])
  return {
    ...(system.length > 0 && {
      system: style.parts ? system.map((text) => ({ type: 'text', text })) : system.join('\n\n'),
    }),
    messages: told,
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, schema }) => ({
        ...{ name, ...(description !== undefined && { description }) },
        input_schema: schema ?? { type: 'object' },
      })),
    }),
  }
}

function toTurnsAsked(asked: Asked, style: Style): MessagesBody['messages'] {
  const parts = asked.role === 'user' ? asked.parts : asked.note
  if (asked.role === 'results') {
    const results = asked.results.map(({ id, parts: result, failed }): Block => ({
      ...{ type: 'tool_result', tool_use_id: id },
      ...(result.length > 0 && { content: blockContent(result, style) }),
      ...(failed && { is_error: true }),
    }))
    return [{ role: 'user', content: [...results, ...parts.map(toBlock)] }]
  }
  const groups = style.spread ? parts.map((part) => [part]) : [parts]
  return groups.map((group) => ({ role: 'user', content: blockContent(group, style) }))
}

function toBlocksSaid({ texts, calls }: Said): Block[] {
  return [
    ...texts.map((text) => ({ type: 'text', text })),
    ...calls.map(({ id, name, json }): Block => {
      return { type: 'tool_use', id, name, input: parseRaw(json) }
    }),
  ]
}

function blockContent(parts: readonly Part[], style: Style): string | Block[] {
  return onlyText(parts, style) ?? parts.map(toBlock)
}

function toBlock(part: Part): Block {
  if (part.type === 'text') return part
  return { type: 'image', source: { type: 'base64', media_type: 'image/png', data: part.data } }
}

function onlyText(parts: readonly Part[], style: Style): string | undefined {
  const [first] = parts
  if (parts.length === 0) return ''
  return parts.length === 1 && first?.type === 'text' && !style.parts ? first.text : undefined
}

function toFunction({ name, description, schema }: Tool): ChatFunction {
  return {
    name,
    ...(description !== undefined && { description }),
    ...(schema && { parameters: schema }),
  }
}

function dataUrl(data: string): string {
  return `data:image/png;base64,${data}`
}
