import type { Conversation } from '../conversation/types.ts'
import { toTurnError } from '../errors.ts'

/** A parameter that some models refuse: how a 400 about it reads, and the request without it. */
type ParameterFallback = {
  name: string
  refusal: RegExp
  isAskedFor: (conversation: Conversation) => boolean
  without: (conversation: Conversation) => Conversation
}

const FALLBACKS: readonly ParameterFallback[] = [
  {
    name: 'tool_choice',
    refusal: /tool_choice/i,
    isAskedFor: ({ parameters }) =>
      parameters.toolChoiceBy === 'api' &&
      (parameters.toolChoice.type !== 'auto' || !parameters.parallelToolCalls),
    without: byInstruction,
  },
  parameter('temperature', /temperature/i, 'temperature'),
  parameter('top_p', /top_p/i, 'topP'),
  parameter('stop', /stop_sequences/i, 'stopSequences'),
  {
    name: 'reasoning_effort',
    refusal: /effort|thinking/i,
    isAskedFor: ({ effort }) => effort !== undefined,
    without: ({ effort: _, ...conversation }) => conversation,
  },
]

function parameter(
  name: string,
  refusal: RegExp,
  key: 'temperature' | 'topP' | 'stopSequences',
): ParameterFallback {
  return {
    name,
    refusal,
    isAskedFor: ({ parameters }) => parameters[key] !== undefined,
    without: (conversation) => {
      const { [key]: _, ...parameters } = conversation.parameters
      return { ...conversation, parameters }
    },
  }
}

/**
 * What the model API refused is asked for in words, and the tools offered are those that may be
 * called; what the model still does wrong is cut from its answer.
 */
function byInstruction(conversation: Conversation): Conversation {
  const { toolChoice, parallelToolCalls } = conversation.parameters
  const parameters = { ...conversation.parameters, toolChoiceBy: 'instruction' as const }
  const only = parallelToolCalls ? '' : ' Call at most one tool.'
  const say = (words: string) => ({
    ...conversation,
    parameters,
    system: `${conversation.system}\n\n${words}`.trim(),
  })
  switch (toolChoice.type) {
    case 'auto':
      return say(only.trim())
    case 'required':
      return say(`Answer by calling one of the tools.${only}`)
    case 'none':
      return { ...conversation, parameters, tools: [] }
    case 'tool': {
      const tools = conversation.tools.filter(({ name }) => name === toolChoice.name)
      return { ...say(`Answer by calling the tool ${toolChoice.name}.${only}`), tools }
    }
    default:
      return toolChoice satisfies never
  }
}

export type WithFallbacks = { conversation: Conversation; dropped: string[] }

/**
 * A refusal is known by words in an error text, which may mean something else, and models change:
 * after this time a parameter is tried again.
 */
const BELIEVED_MS = 15 * 60_000

/** Remembers for a while which model refused which parameter, so that it is not asked in vain. */
export class ParameterFallbacks {
  /** Until when each is believed. */
  readonly #refused = new Map<string, number>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** The conversation without what its model is known to refuse, and the names of that. */
  apply(conversation: Conversation): WithFallbacks {
    return FALLBACKS.reduce<WithFallbacks>(
      (left, { name, isAskedFor, without }) => {
        if (!this.#isRefused(conversation.model, name)) return left
        if (!isAskedFor(left.conversation)) return left
        const dropped = [...left.dropped, name]
        return { conversation: without(left.conversation), dropped }
      },
      { conversation, dropped: [] },
    )
  }

  /** Learns from a failure; true if it was about a parameter that can be left out. */
  learn(conversation: Conversation, failure: unknown): boolean {
    const { kind, message } = toTurnError(failure)
    if (kind !== 'invalid_request') return false
    const found = FALLBACKS.find((r) => r.refusal.test(message) && r.isAskedFor(conversation))
    if (!found) return false
    this.#refused.set(refusalKey(conversation.model, found.name), this.#now() + BELIEVED_MS)
    return true
  }

  #isRefused(model: string, name: string): boolean {
    return (this.#refused.get(refusalKey(model, name)) ?? -Infinity) > this.#now()
  }
}

function refusalKey(model: string, name: string): string {
  return `${model} ${name}`
}
