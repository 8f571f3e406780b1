import type { Conversation } from '../conversation/types.ts'
import { toTurnError, type TurnError } from '../errors.ts'

/** A parameter that some models refuse, and the request without it. */
type ParameterFallback = {
  name: string
  /** The fields of the model API's request that it becomes. */
  fields: readonly string[]
  isAskedFor: (conversation: Conversation) => boolean
  without: (conversation: Conversation) => Conversation
}

const FALLBACKS: readonly ParameterFallback[] = [
  {
    name: 'tool_choice',
    fields: ['tool_choice'],
    isAskedFor: ({ parameters }) =>
      parameters.toolChoiceBy === 'api' &&
      (parameters.toolChoice.type !== 'auto' || !parameters.parallelToolCalls),
    without: byInstruction,
  },
  parameter('temperature', 'temperature', 'temperature'),
  parameter('top_p', 'top_p', 'topP'),
  parameter('stop', 'stop_sequences', 'stopSequences'),
  {
    name: 'reasoning_effort',
    fields: ['output_config.effort', 'effort', 'thinking'],
    isAskedFor: ({ effort }) => effort !== undefined,
    without: ({ effort: _, ...conversation }) => conversation,
  },
]

function parameter(
  name: string,
  field: string,
  key: 'temperature' | 'topP' | 'stopSequences',
): ParameterFallback {
  return {
    name,
    fields: [field],
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

/** The model API begins a message with the field at fault: `output_config.effort: no such level`. */
const FIELD_AT_FAULT =
  /^((?:max_tokens|messages|metadata|model|output_config|stop_sequences|system|temperature|thinking|tools|tool_choice|top_p)\b[\w.[\]-]*):/

/**
 * Whether a failure is the model API's refusal of a parameter. The field that the message begins
 * with decides; only where it begins with none, the field must be a word of it.
 */
function isRefusalOf({ fields }: ParameterFallback, { kind, message, param }: TurnError): boolean {
  // An error that names a parameter of the client is ours: nothing was sent to the model.
  if (kind !== 'invalid_request' || param !== undefined) return false
  const atFault = FIELD_AT_FAULT.exec(message)?.[1]
  if (atFault !== undefined) {
    return fields.some((field) => atFault === field || atFault.startsWith(`${field}.`))
  }
  return fields.some((field) => new RegExp(`\\b${field}\\b`, 'i').test(message))
}

type Warnings = { warn(message: string, fields: Record<string, unknown>): void }

export type WithFallbacks = { conversation: Conversation; dropped: string[] }

/** After this time a refused parameter is tried again: the refusal may have been for another reason. */
const BELIEVED_MS = 15 * 60_000
/** Refusals that are remembered. A client may ask for any model name. */
const MAX_REMEMBERED = 200

/** Remembers for a while which model refused which parameter, so that it is not asked in vain. */
export class ParameterFallbacks {
  /** Until when each refusal is believed, the oldest first. */
  readonly #refused = new Map<string, number>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** How many refusals are remembered. */
  get size(): number {
    return this.#refused.size
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

  /**
   * Learns from a failure, and logs what is left out from now on. True if the failure was about a
   * parameter that can be left out.
   */
  learn(conversation: Conversation, failure: unknown, log: Warnings): boolean {
    const error = toTurnError(failure)
    const found = FALLBACKS.find(
      (fallback) => fallback.isAskedFor(conversation) && isRefusalOf(fallback, error),
    )
    if (!found) return false
    const { model } = conversation
    this.#remember(refusalKey(model, found.name))
    log.warn(
      `The model refused a parameter, which is left out for ${BELIEVED_MS / 60_000} minutes.`,
      {
        model,
        parameter: found.name,
      },
    )
    return true
  }

  #remember(key: string): void {
    const now = this.#now()
    // Deleted first, so that it stands behind the older ones.
    this.#refused.delete(key)
    for (const [known, until] of this.#refused) {
      if (until > now && this.#refused.size < MAX_REMEMBERED) break
      this.#refused.delete(known)
    }
    this.#refused.set(key, now + BELIEVED_MS)
  }

  #isRefused(model: string, name: string): boolean {
    return (this.#refused.get(refusalKey(model, name)) ?? -Infinity) > this.#now()
  }
}

function refusalKey(model: string, name: string): string {
  return `${model} ${name}`
}
