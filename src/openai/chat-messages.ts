import type {
  AssistantBlock,
  ImageBlock,
  Message,
  TextBlock,
  ToolResultBlock,
  ToolUseBlock,
  UserBlock,
} from '../conversation/types.ts'
import { TurnError } from '../errors.ts'
import { toContentBlocks, toImageBlock, toTextBlocks } from './chat-content.ts'
import type { ChatMessage } from './chat-schema.ts'

type Role<R extends ChatMessage['role']> = Extract<ChatMessage, { role: R }>

/** Instructions may stand anywhere; the model API takes them in one place, in order. */
export function toSystem(messages: readonly ChatMessage[]): string {
  return messages
    .flatMap((message) => {
      if (message.role !== 'system' && message.role !== 'developer') return []
      const { content } = message
      return typeof content === 'string' ? [content] : content.map(({ text }) => text)
    })
    .filter((text) => text !== '')
    .join('\n\n')
}

/** The client's messages as turns of user and assistant, with every call next to its result. */
export function toMessages(messages: readonly ChatMessage[]): Message[] {
  const reader = new MessageReader()
  for (const [index, message] of messages.entries()) reader.read(message, `messages[${index}]`)
  reader.requireResults()
  return reader.turns
}

class MessageReader {
  readonly turns: Message[] = []
  /** Calls without a result yet: the client's id, and the one the model API gets. */
  readonly #open = new Map<string, string>()
  readonly #usedIds = new Set<string>()

  read(message: ChatMessage, path: string): void {
    switch (message.role) {
      case 'system':
      case 'developer':
        return
      case 'user':
        this.requireResults()
        return this.#addUser(toContentBlocks(message.content, `${path}.content`))
      case 'assistant':
        this.requireResults()
        return this.#addAssistant(message)
      case 'tool':
        return this.#addUser([this.#toResult(message, path)])
      case 'function': {
        const tool_call_id = this.#openFunction(message.name, path)
        const content = message.content ?? ''
        return this.#addUser([this.#toResult({ role: 'tool', tool_call_id, content }, path)])
      }
      default:
        return message satisfies never
    }
  }

  requireResults(): void {
    if (this.#open.size === 0) return
    const missing = [...this.#open.keys()].join(', ')
    throw new TurnError(
      'invalid_request',
      "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. " +
        `The following tool_call_ids did not have response messages: ${missing}.`,
      { param: 'messages' },
    )
  }

  /**
   * One user message after another is one turn of the user. The CLI would join them as well, but
   * with a line break added to the text.
   */
  #addUser(content: UserBlock[]): void {
    const last = this.turns.at(-1)
    if (last?.role === 'user') last.content.push(...content)
    else if (content.length > 0) this.turns.push({ role: 'user', content })
  }

  #addAssistant({ content, refusal, tool_calls, function_call }: Role<'assistant'>): void {
    const texts =
      typeof content === 'string'
        ? [content]
        : (content ?? []).map((part) => (part.type === 'text' ? part.text : part.refusal))
    const calls = [
      ...(tool_calls ?? []).map(({ id, function: call }) => ({ id, ...call })),
      ...(function_call ? [{ id: functionId(function_call.name), ...function_call }] : []),
    ]
    const blocks: AssistantBlock[] = [
      ...[...texts, refusal ?? ''].flatMap(toTextBlocks),
      ...calls.map((call) => this.#openCall(call)),
    ]
    if (blocks.length > 0) this.turns.push({ role: 'assistant', content: blocks })
  }

  #openCall(call: { id: string; name: string; arguments: string }): ToolUseBlock {
    const id = this.#uniqueId(call.id)
    this.#open.set(call.id, id)
    return { type: 'tool_use', id, name: call.name, input: toInput(call.arguments) }
  }

  #toResult({ tool_call_id, content }: Role<'tool'>, path: string): ToolResultBlock {
    const id = this.#open.get(tool_call_id)
    if (id === undefined) {
      throw new TurnError(
        'invalid_request',
        `'${path}' answers no call: messages with role 'tool' must follow an assistant message whose 'tool_calls' has the id '${tool_call_id}'.`,
        { param: `${path}.tool_call_id` },
      )
    }
    this.#open.delete(tool_call_id)
    return { tool_use_id: id, type: 'tool_result', content: toResultBlocks(content, path) }
  }

  #openFunction(name: string, path: string): string {
    const id = functionId(name)
    if (this.#open.has(id)) return id
    throw new TurnError('invalid_request', `'${path}' answers no call of a function '${name}'.`, {
      param: `${path}.name`,
    })
  }

  /** The model API takes few characters in an id, and each id once; clients differ. */
  #uniqueId(clientId: string): string {
    const base = clientId.replaceAll(/[^\w-]/g, '_') || 'call'
    let id = base
    for (let n = 2; this.#usedIds.has(id); n++) id = `${base}_${n}`
    this.#usedIds.add(id)
    return id
  }
}

/** A tool's output is data: blanks are as good as anything. */
function toResultBlocks(
  content: Role<'tool'>['content'],
  path: string,
): (TextBlock | ImageBlock)[] {
  const parts = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content
  return parts.flatMap((part, index): (TextBlock | ImageBlock)[] => {
    if (part.type === 'image_url') {
      return [toImageBlock(part.image_url.url, `${path}.content[${index}].image_url.url`)]
    }
    return part.text === '' ? [] : [part]
  })
}

/** Functions had no ids. */
function functionId(name: string): string {
  return `function_${name}`
}

/** Arguments are the model's own words; if they were cut off, they are handed back as they are. */
function toInput(json: string): unknown {
  if (json.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? value : { value }
  } catch {
    return { arguments: json }
  }
}
