import type { ChoiceEvent } from '../conversation/choices.ts'
import { TurnError, toTurnError } from '../errors.ts'
import { type ChatFrame, FINISH_REASON } from './chat-stream.ts'
import type { CompletionMeta } from './completions-response.ts'
import { toErrorBody } from './error.ts'
import { addUsage, NO_USAGE, toUsage } from './usage.ts'

/**
 * Turn events as text_completion chunks: text, finish, usage, `[DONE]`. After an error there is no
 * `[DONE]`: what came is not a whole answer.
 */
export function toCompletionChunks(meta: CompletionMeta): TransformStream<ChoiceEvent, ChatFrame> {
  const { id, created, echoes, includeUsage } = meta
  let model = ''
  let usage = NO_USAGE
  let stopped = 0
  let failed = false

  const chunk = (choices: object[], usageOfChunk: object | null = null): ChatFrame => ({
    ...{ id, object: 'text_completion', created, model, choices },
    // OpenAI sends the key on every chunk once usage was asked for.
    ...(includeUsage && { usage: usageOfChunk }),
  })
  const textChunk = (index: number, text: string, finish_reason: string | null = null) =>
    chunk([{ text, index, logprobs: null, finish_reason }])

  const toFrames = ({ choice, event }: ChoiceEvent): ChatFrame[] => {
    switch (event.type) {
      case 'start': {
        model = event.model
        const echo = echoes[choice] ?? ''
        return echo === '' ? [] : [textChunk(choice, echo)]
      }
      case 'text':
        return [textChunk(choice, event.text)]
      case 'stop': {
        usage = addUsage(usage, event.usage)
        const frames = [textChunk(choice, '', FINISH_REASON[event.reason])]
        if (++stopped < echoes.length) return frames
        // Usage travels on its own chunk with no choices, after the finish chunk.
        return [...frames, ...(includeUsage ? [chunk([], toUsage(usage))] : []), '[DONE]']
      }
      case 'error':
        failed = true
        return [toErrorBody(toTurnError(event.error))]
      case 'thinking':
      case 'tool_call':
      case 'tool_arguments':
      case 'rate_limit':
        return []
      default:
        return event satisfies never
    }
  }

  return new TransformStream({
    transform(event, controller) {
      for (const frame of toFrames(event)) controller.enqueue(frame)
      // The other choices are of no use to a client that was told of a failure.
      if (failed) controller.terminate()
    },
    flush(controller) {
      if (stopped === echoes.length) return
      const error = new TurnError('worker', 'The turn ended without saying how.')
      controller.enqueue(toErrorBody(error))
    },
  })
}
