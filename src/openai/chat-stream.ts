import type { StopReason, TurnEvent } from '../conversation/types.ts'
import { TurnError, toTurnError } from '../errors.ts'
import { type ErrorBody, toErrorBody } from './error.ts'
import { toUsage } from './usage.ts'

export const FINISH_REASON = {
  end: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  refusal: 'content_filter',
} as const satisfies Record<StopReason, string>

export type ChunkMeta = { id: string; created: number; includeUsage: boolean }

/** A chunk, an error that came after streaming began, or the end of a whole answer. */
export type ChatFrame = object | ErrorBody | '[DONE]'

/**
 * Turn events as chat.completion.chunk objects, in the order OpenAI sends them: role, content,
 * finish, usage, `[DONE]`. After an error there is no `[DONE]`: what came is not a whole answer.
 */
export function toChatChunks(meta: ChunkMeta): TransformStream<TurnEvent, ChatFrame> {
  const { includeUsage, ...head } = meta
  let model = ''
  let ended = false

  const chunk = (delta: object, finish_reason: string | null = null) => ({
    ...head,
    object: 'chat.completion.chunk' as const,
    model,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    // OpenAI sends the key on every chunk once usage was asked for.
    ...(includeUsage ? { usage: null } : {}),
  })

  const toFrames = (event: TurnEvent): ChatFrame[] => {
    switch (event.type) {
      case 'start':
        model = event.model
        return [chunk({ role: 'assistant', content: '', refusal: null })]
      case 'text':
        return [chunk({ content: event.text })]
      case 'thinking':
        return [chunk({ reasoning_content: event.text })]
      case 'rate_limit':
        return []
      case 'stop': {
        ended = true
        const finish = chunk({}, FINISH_REASON[event.reason])
        // Usage travels on its own chunk with no choices, after the finish chunk.
        const usage = { ...chunk({}), choices: [], usage: toUsage(event.usage) }
        return includeUsage ? [finish, usage, '[DONE]'] : [finish, '[DONE]']
      }
      case 'error':
        ended = true
        return [toErrorBody(toTurnError(event.error))]
      default:
        return event satisfies never
    }
  }

  return new TransformStream({
    transform(event, controller) {
      for (const frame of toFrames(event)) controller.enqueue(frame)
    },
    flush(controller) {
      if (ended) return
      const error = new TurnError('worker', 'The turn ended without saying how.')
      controller.enqueue(toErrorBody(error))
    },
  })
}
