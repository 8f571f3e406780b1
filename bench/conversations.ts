export type Message = { role: 'user' | 'assistant'; content: string }
export type Conversation = { system: string; messages: readonly Message[] }

const HISTORY_MESSAGE_CHARS = 250
const SYSTEM_PROMPT_CHARS = 25_000

const SENTENCES = [
  'You keep answers short and say which file you speak of.',
  'A change comes with the test that would have caught the mistake.',
  'When a request can be read in two ways, you ask before you act.',
  'Dates are written year first, and numbers carry their units.',
]

export const bare = hi()

export const withSystemPrompt = hi({ system: prose(SYSTEM_PROMPT_CHARS, 0) })

/** So many earlier messages by turns, and a question. */
export function withHistory(count: number): Conversation {
  const history = Array.from({ length: count }, (_, index): Message => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: prose(HISTORY_MESSAGE_CHARS, index),
  }))
  return hi({ history })
}

/** The conversation after an answer, with the next question. */
export function continued({ system, messages }: Conversation, answer: string): Conversation {
  const next: Message[] = [
    { role: 'assistant', content: answer },
    { role: 'user', content: 'and now?' },
  ]
  return { system, messages: [...messages, ...next] }
}

export function lastOf({ messages }: Conversation): Message {
  const last = messages.at(-1)
  if (!last) throw new Error('A conversation has at least one message.')
  return last
}

function hi({ system = '', history = [] as Message[] } = {}): Conversation {
  return { system, messages: [...history, { role: 'user', content: 'hi' }] }
}

function prose(chars: number, seed: number): string {
  let text = `${seed}.`
  for (let index = seed; text.length < chars; index++) {
    text += ` ${SENTENCES[index % SENTENCES.length]}`
  }
  return text.slice(0, chars).trim()
}
