import type {
  AssistantMessage,
  Message,
  ToolUseBlock,
  UserMessage,
} from '../../src/conversation/types.ts'
import type { Random } from '../soak/random.ts'
import type { Setup } from './setups.ts'
import type { Words } from './words.ts'

/** What a client remembers of a conversation; a question at its end has had no answer. */
export type Talk = { setup: Setup; messages: readonly Message[] }

/** How a request relates to what was asked before it. */
export type Step = 'new' | 'further' | 'again' | 'edit' | 'branch' | 'switch'

const MAX_TALKS = 6
const STEPS: readonly (readonly [Step, number])[] = [
  ['new', 6],
  ['further', 10],
  ['again', 3],
  ['edit', 3],
  ['branch', 2],
  ['switch', 5],
]

/** A client that has several conversations at once, and goes on with any of them in any way. */
export class Client {
  readonly #random: Random
  readonly #words: Words
  readonly #setups: readonly Setup[]
  #talks: Talk[] = []

  constructor(random: Random, words: Words, setups: readonly Setup[]) {
    this.#random = random
    this.#words = words
    this.#setups = setups
  }

  /** What it asks next: messages of which the last is the user's. */
  next(): Talk & { step: Step } {
    const step = this.#talks.length === 0 ? 'new' : this.#random.weighted(STEPS)
    const setup = this.#random.pick(this.#setups)
    if (step === 'new') return { step, setup, messages: this.#asked(this.#history([], setup)) }
    // Mostly the last one goes on, as of a user who has one window open.
    const talks = this.#random.chance(0.6) ? this.#talks.slice(-1) : this.#talks
    const talk = this.#random.pick(talks)
    return { step, ...this.#continued(step, talk, setup) }
  }

  /** What came of it. */
  remember(talk: Talk): void {
    this.#talks = [...this.#talks, talk].slice(-MAX_TALKS)
  }

  #continued(step: Exclude<Step, 'new'>, { setup, messages }: Talk, other: Setup): Talk {
    const last = messages.findLastIndex(({ role }) => role === 'user')
    switch (step) {
      case 'further':
        return { setup, messages: this.#asked(messages) }
      case 'again':
        return { setup, messages: messages.slice(0, last + 1) }
      case 'edit':
        return { setup, messages: this.#asked(this.#cut(messages)) }
      case 'branch': {
        const history = this.#history(this.#cut(messages), setup)
        return { setup, messages: this.#asked(history) }
      }
      case 'switch':
        return { setup: other, messages: this.#asked(messages) }
      default:
        return step satisfies never
    }
  }

  /** All in front of some message of the user. */
  #cut(messages: readonly Message[]): readonly Message[] {
    const places = messages.flatMap(({ role }, index) => (role === 'user' ? [index] : []))
    return messages.slice(0, this.#random.pick(places))
  }

  /** With a question behind it, unless one waits there already. */
  #asked(messages: readonly Message[]): readonly Message[] {
    const last = messages.at(-1)
    if (last?.role === 'user') return messages
    return [...messages, last ? this.#reply(last) : this.#question()]
  }

  /** What a user says to an answer: the results of its calls, if it made any. */
  #reply({ content }: AssistantMessage): UserMessage {
    const calls = content.filter((block) => block.type === 'tool_use')
    if (calls.length === 0) return this.#question()
    const results = calls.map(({ id }) => ({
      tool_use_id: id,
      type: 'tool_result' as const,
      content: [this.#words.block('result')],
      ...(this.#random.chance(0.1) && { is_error: true as const }),
    }))
    const note = this.#random.chance(0.2) ? [this.#words.block('note')] : []
    return { role: 'user', content: [...results.map(trimmed), ...note] }
  }

  #question(): UserMessage {
    return { role: 'user', content: this.#words.question() }
  }

  /** Some exchanges more that came about elsewhere. */
  #history(before: readonly Message[], setup: Setup): readonly Message[] {
    let messages = before
    for (
      let left = this.#random.weighted([
        [0, 6],
        [1, 3],
        [3, 2],
        [8, 1],
      ]);
      left > 0;
      left--
    ) {
      messages = [...this.#asked(messages), this.#answer(setup)]
    }
    return messages
  }

  #answer({ tools }: Setup): AssistantMessage {
    const [tool] = tools
    const call = (name: string): ToolUseBlock => {
      return {
        type: 'tool_use',
        id: this.#words.callId(),
        name,
        input: { at: this.#words.text('x') },
      }
    }
    const calls = tool && this.#random.chance(0.3) ? [call(tool.name)] : []
    return { role: 'assistant', content: [this.#words.block('answer'), ...calls] }
  }
}

/** The CLI cuts blanks off the ends of what a failed call says. */
function trimmed<R extends { content: { type: 'text'; text: string }[] }>(result: R): R {
  return { ...result, content: result.content.map((one) => ({ ...one, text: one.text.trim() })) }
}
