import type { ChoiceEvent } from '../conversation/choices.ts'
import type { StopReason, TurnEvent, Usage } from '../conversation/types.ts'
import { TurnError, toTurnError } from '../errors.ts'
import { toErrorBody } from './error.ts'
import { addUsage, NO_USAGE, toUsage } from './usage.ts'

export const FINISH_REASON = {
  end: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  refusal: 'content_filter',
} as const satisfies Record<StopReason, string>

export type ChatMeta = {
  id: string
  created: number
  /** How many choices there are. */
  choices: number
  includeUsage: boolean
  /** Whether thinking is shown. */
  reasoning: boolean
  /** The request spoke of functions: so does the answer. */
  legacyFunctions: boolean
}

/** A chunk, an error that came after streaming began, or the end of a whole answer. */
export type ChatFrame = object | '[DONE]'

/**
 * Turn events as chat.completion.chunk objects, in the order OpenAI sends them: role, content,
 * finish, usage, `[DONE]`. After an error there is no `[DONE]`: what came is not a whole answer.
 */
export function toChatChunks(meta: ChatMeta): TransformStream<ChoiceEvent, ChatFrame> {
  const { id, created, choices, includeUsage } = meta
  let model = ''
  let usage = NO_USAGE
  let stopped = 0
  let failed = false

  const chunk = (choicesOfChunk: object[], usageOfChunk: Usage | null = null): ChatFrame => ({
    ...{ id, object: 'chat.completion.chunk', created, model, choices: choicesOfChunk },
    // OpenAI sends the key on every chunk once usage was asked for.
    ...(includeUsage && { usage: usageOfChunk && toUsage(usageOfChunk) }),
  })

  const toFrames = ({ choice: index, event }: ChoiceEvent): ChatFrame[] => {
    if (event.type === 'error') {
      failed = true
      return [toErrorBody(toTurnError(event.error))]
    }
    if (event.type === 'start') model = event.model
    const delta = toDelta(event, meta)
    if (event.type !== 'stop') {
      return delta ? [chunk([{ index, delta, logprobs: null, finish_reason: null }])] : []
    }
    const finish_reason = toFinishReason(event.reason, meta)
    const frames = [chunk([{ index, delta: {}, logprobs: null, finish_reason }])]
    usage = addUsage(usage, event.usage)
    if (++stopped < choices) return frames
    // Usage travels on its own chunk with no choices, after the finish chunk.
    return [...frames, ...(includeUsage ? [chunk([], usage)] : []), '[DONE]']
  }

  return new TransformStream({
    transform(event, controller) {
      for (const frame of toFrames(event)) controller.enqueue(frame)
      // The other choices are of no use to a client that was told of a failure.
      if (failed) controller.terminate()
    },
    flush(controller) {
      if (stopped === choices) return
      const error = new TurnError('worker', 'The turn ended without saying how.')
      controller.enqueue(toErrorBody(error))
    },
  })
}

type MetaOfDelta = Pick<ChatMeta, 'reasoning' | 'legacyFunctions'>

/** The `delta` an event becomes; undefined if the client is not to see it. */
function toDelta(
  event: Exclude<TurnEvent, { type: 'error' }>,
  { reasoning, legacyFunctions }: MetaOfDelta,
): object | undefined {
  switch (event.type) {
    case 'start':
      return { role: 'assistant', content: '', refusal: null }
    case 'text':
      return { content: event.text }
    case 'thinking':
      return reasoning ? { reasoning_content: event.text } : undefined
    case 'tool_call': {
      const call = { name: event.name, arguments: '' }
      if (legacyFunctions) return { function_call: call }
      return {
        tool_calls: [{ index: event.index, id: event.id, type: 'function', function: call }],
      }
    }
    case 'tool_arguments': {
      const call = { arguments: event.json }
      if (legacyFunctions) return { function_call: call }
      return { tool_calls: [{ index: event.index, function: call }] }
    }
    case 'rate_limit':
    case 'stop':
      return undefined
    default:
      return event satisfies never
  }
}

export function toFinishReason(
  reason: StopReason,
  { legacyFunctions }: Pick<ChatMeta, 'legacyFunctions'>,
): string {
  return legacyFunctions && reason === 'tool_calls' ? 'function_call' : FINISH_REASON[reason]
}
