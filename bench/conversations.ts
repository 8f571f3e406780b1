export type Message =
  | { role: 'user' | 'assistant'; content: string }
  /** The model's call of the first tool, and what came of it. */
  | { role: 'call' | 'result'; content: string; id: string }
export type Tool = { name: string; description: string; parameters: object }
export type Conversation = {
  system: string
  messages: readonly Message[]
  tools?: readonly Tool[]
}

const HISTORY_MESSAGE_CHARS = 250
const SYSTEM_PROMPT_CHARS = 25_000

const TOOL_COUNT = 14

const SENTENCES = [
  'You keep answers short and say which file you speak of.',
  'A change comes with the test that would have caught the mistake.',
  'When a request can be read in two ways, you ask before you act.',
  'Dates are written year first, and numbers carry their units.',
]

const SYSTEM_PROMPT = prose(SYSTEM_PROMPT_CHARS, 0)

const TOOLS: readonly Tool[] = Array.from({ length: TOOL_COUNT }, (_, index) => ({
  name: `tool_${index}`,
  description: prose(400, index),
  parameters: {
    type: 'object',
    properties: Object.fromEntries(
      SENTENCES.map((sentence, at) => [`field_${at}`, { type: 'string', description: sentence }]),
    ),
    required: ['field_0'],
  },
}))

let told = 0

/** A conversation nobody has seen before, which begins as all of them do: with no system prompt. */
export function fresh(): Conversation {
  return { system: '', messages: [{ role: 'user', content: `hi ${told++}` }] }
}

/** One that begins as no other does. */
export function withNewBeginning(): Conversation {
  return { ...fresh(), system: `You are assistant number ${told}.` }
}

export function withSystemPrompt(): Conversation {
  return { ...fresh(), system: SYSTEM_PROMPT }
}

/** About what an agent offers: 14 tools, of 12 kB together. */
export function withTools(): Conversation {
  return { ...fresh(), tools: TOOLS }
}

/** So many earlier messages by turns, and a question; of a conversation nobody has seen before. */
export function withHistory(count: number): Conversation {
  const { messages, ...rest } = fresh()
  const own = told
  const history = Array.from({ length: count }, (_, index): Message => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `${own} ${prose(HISTORY_MESSAGE_CHARS, index)}`,
  }))
  return { ...rest, messages: [...history, ...messages] }
}

/** The conversation after an answer, with the next question. */
export function continued({ messages, ...rest }: Conversation, answer: string): Conversation {
  const next: Message[] = [
    { role: 'assistant', content: answer },
    { role: 'user', content: 'and now?' },
  ]
  return { ...rest, messages: [...messages, ...next] }
}

/** The conversation after the model has called the first tool and got its result. */
export function withResult({ messages, ...rest }: Conversation, id: string): Conversation {
  const call: Message = { role: 'call', id, content: '{"field_0":"here"}' }
  return { ...rest, messages: [...messages, call, { role: 'result', id, content: 'found it' }] }
}

/** With more to say behind the result of a call, as OpenClaw has. */
export function withTextBehind({ messages, ...rest }: Conversation): Conversation {
  return { ...rest, messages: [...messages, { role: 'user', content: 'and be quick' }] }
}

/** As OpenClaw sends it: behind the question stands what is gone from the next request. */
export function withPassingEnd(conversation: Conversation): Conversation {
  const last = lastOf(conversation)
  const messages = conversation.messages.slice(0, -1)
  return { ...conversation, messages: [...messages, { ...last, content: `${last.content} (now)` }] }
}

export function lastOf({ messages }: Conversation): Message {
  const last = messages.at(-1)
  if (!last) throw new Error('A conversation has at least one message.')
  return last
}

function prose(chars: number, seed: number): string {
  let text = `${seed}.`
  for (let index = seed; text.length < chars; index++) {
    text += ` ${SENTENCES[index % SENTENCES.length]}`
  }
  return text.slice(0, chars).trim()
}
