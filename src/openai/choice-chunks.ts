import type { ChoiceEvent } from '../dialect/choices.ts'
import type { TurnEvent, Usage } from '../conversation/types.ts'
import { addUsage, NO_USAGE } from '../conversation/usage.ts'
import { toTurnError, unfinishedTurn } from '../errors.ts'
import { toErrorBody } from './error.ts'
import { toUsage } from './usage.ts'

export type ChunkMeta = {
  id: string
  created: number
  /** How many choices there are. */
  choices: number
  includeUsage: boolean
}

/** A chunk, an error after streaming began, or the end of a complete answer. */
export type ChunkFrame = object | '[DONE]'

/** The pieces for the `choices` of chunks, each in a chunk of its own. */
type ToPieces = (index: number, event: Exclude<TurnEvent, { type: 'error' }>) => object[]

/**
 * Converts turn events into the chunks of both completions APIs, in OpenAI's order: pieces of the
 * choices, usage, `[DONE]`. After an error there is no `[DONE]`, because the answer is incomplete.
 */
export function toChoiceChunks(
  object: 'chat.completion.chunk' | 'text_completion',
  { id, created, choices, includeUsage }: ChunkMeta,
  toPieces: ToPieces,
): TransformStream<ChoiceEvent, ChunkFrame> {
  let model = ''
  let usage = NO_USAGE
  let stopped = 0
  let failed = false

  const chunk = (pieces: object[], usageOfChunk: Usage | null = null): ChunkFrame => ({
    ...{ id, object, created, model, choices: pieces },
    // If usage was requested, OpenAI sends the key in every chunk.
    ...(includeUsage && { usage: usageOfChunk && toUsage(usageOfChunk) }),
  })

  const toFrames = ({ choice, event }: ChoiceEvent): ChunkFrame[] => {
    if (event.type === 'error') {
      failed = true
      return [toErrorBody(toTurnError(event.error))]
    }
    if (event.type === 'start') model = event.model
    const frames = toPieces(choice, event).map((piece) => chunk([piece]))
    if (event.type !== 'stop') return frames
    usage = addUsage(usage, event.usage)
    if (++stopped < choices) return frames
    // Usage has a chunk of its own, without choices, after the finish chunk.
    return [...frames, ...(includeUsage ? [chunk([], usage)] : []), '[DONE]']
  }

  return new TransformStream({
    transform(event, controller) {
      for (const frame of toFrames(event)) controller.enqueue(frame)
      // After an error the client has no use for the other choices.
      if (failed) controller.terminate()
    },
    flush(controller) {
      if (stopped === choices) return
      controller.enqueue(toErrorBody(unfinishedTurn()))
    },
  })
}
