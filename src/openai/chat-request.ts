import type { Conversation, Message, TextBlock } from '../conversation/types.ts'
import { TurnError } from '../errors.ts'
import type { ChatMessage, ChatRequest } from './chat-schema.ts'

/** A chat request as the neutral conversation; `model` is the name the CLI takes. */
export function toConversation({ messages }: ChatRequest, model: string): Conversation {
  const turns = messages.flatMap(toMessage).reduce(joinUserMessages, [])
  if (turns.at(-1)?.role !== 'user') {
    throw new TurnError(
      'invalid_request',
      "The last message must have role 'user' and content that is not empty.",
      { param: 'messages' },
    )
  }
  return { model, system: toSystem(messages), messages: turns }
}

/** Instructions may stand anywhere; the model API takes them in one place, in order. */
function toSystem(messages: readonly ChatMessage[]): string {
  return messages
    .flatMap((message) =>
      message.role === 'system' || message.role === 'developer' ? toBlocks(message.content) : [],
    )
    .map(({ text }) => text)
    .join('\n\n')
}

function toMessage(message: ChatMessage): Message[] {
  switch (message.role) {
    case 'system':
    case 'developer':
      return []
    case 'user':
      return nonEmpty({ role: 'user', content: toBlocks(message.content) })
    case 'assistant': {
      const content = [...toBlocks(message.content ?? ''), ...toBlocks(message.refusal ?? '')]
      return nonEmpty({ role: 'assistant', content })
    }
    default:
      return message satisfies never
  }
}

type Part = { type: 'text'; text: string } | { type: 'refusal'; refusal: string }

/** The model API takes no empty text, and an empty one says nothing. */
function toBlocks(content: string | readonly Part[]): TextBlock[] {
  const texts =
    typeof content === 'string'
      ? [content]
      : content.map((part) => (part.type === 'text' ? part.text : part.refusal))
  return texts.filter((text) => text !== '').map((text) => ({ type: 'text', text }))
}

function nonEmpty(message: Message): Message[] {
  return message.content.length === 0 ? [] : [message]
}

/**
 * One user message after another is one turn of the user. The CLI would join them as well, but
 * with a line break added to the text.
 */
function joinUserMessages(messages: Message[], message: Message): Message[] {
  const last = messages.at(-1)
  if (last?.role !== 'user' || message.role !== 'user') return [...messages, message]
  return [
    ...messages.slice(0, -1),
    { role: 'user', content: [...last.content, ...message.content] },
  ]
}
