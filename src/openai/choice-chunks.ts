import type { ChoiceEvent } from '../conversation/choices.ts'
import type { TurnEvent, Usage } from '../conversation/types.ts'
import { toTurnError, unfinishedTurn } from '../errors.ts'
import { toErrorBody } from './error.ts'
import { addUsage, NO_USAGE, toUsage } from './usage.ts'

export type ChunkMeta = {
  id: string
  created: number
  /** How many choices there are. */
  choices: number
  includeUsage: boolean
}

/** A chunk, an error that came after streaming began, or the end of a whole answer. */
export type ChunkFrame = object | '[DONE]'

/** What an event of a choice becomes in the `choices` of a chunk, each in one of its own. */
type ToPieces = (index: number, event: Exclude<TurnEvent, { type: 'error' }>) => object[]

/**
 * Turn events as the chunks of either completions API, in the order OpenAI sends them: the pieces
 * of the choices, usage, `[DONE]`. After an error there is no `[DONE]`: what came is not a whole
 * answer.
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
    // OpenAI sends the key on every chunk once usage was asked for.
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
      controller.enqueue(toErrorBody(unfinishedTurn()))
    },
  })
}
