import {
  type AssistantMessage,
  type Conversation,
  DEFAULT_PARAMETERS,
  type Message,
  type ToolSpec,
  type UserMessage,
} from '../conversation/types.ts'
import type { Reply } from './bench.ts'

/** The conversations that the claims are tried with. */

export const SYSTEM = 'You are being examined. Answer in one word.'
export const MODEL = 'sonnet'
export const OTHER_MODEL = 'opus'

/** Texts that the CLI has another meaning for when a person types them. */
const TYPED = '@/etc/hostname'
const TYPED_LATER = ['/help', '!ls', '# a note', '  @README.md  ']

export const user = (...texts: string[]): UserMessage => ({
  role: 'user',
  content: texts.map((text) => ({ type: 'text', text })),
})

const assistant = (text: string): AssistantMessage => ({
  role: 'assistant',
  content: [{ type: 'text', text }],
})

export const says = (text: string): Reply => ({ blocks: [{ type: 'text', text: [text] }] })

export function conversation(
  messages: Message[],
  more: Partial<Omit<Conversation, 'messages'>> = {},
): Conversation {
  return {
    ...{ model: MODEL, system: SYSTEM, tools: [], parameters: DEFAULT_PARAMETERS },
    ...more,
    messages,
  }
}

export const ANSWER = 'Yes.'

/** One question. */
export const SINGLE = conversation([user(TYPED)])

/** The same, when it has been answered and goes on. */
export const GROWN = conversation([user(TYPED), assistant(ANSWER), user('/compact')])

/** One with a history that no process has heard. */
export const FOREIGN = conversation([
  user(...TYPED_LATER),
  assistant('First.'),
  user('!pwd'),
  assistant('Second.'),
  user('/clear'),
])

const tool = (name: string): ToolSpec => ({
  name,
  description: `Looks for ${name}.`,
  inputSchema: { type: 'object', properties: { what: { type: 'string' } }, required: ['what'] },
})

/** In the order in which the CLI offers them. */
export const TOOLS = [tool('Bash'), tool('look_up')]
export const OTHER_TOOLS = [tool('look_up_again')]
