import type { ChoiceEvent } from '../../dialect/choices.ts'
import { FINISH_REASON } from '../chat/stream.ts'
import { type ChunkFrame, toChoiceChunks } from '../choice-chunks.ts'
import type { CompletionMeta } from './response.ts'

/** Converts turn events into text_completion chunks: text, finish, usage, `[DONE]`. */
export function toCompletionChunks(meta: CompletionMeta): TransformStream<ChoiceEvent, ChunkFrame> {
  const { echoes, ...rest } = meta
  const chunkMeta = { ...rest, choices: echoes.length }
  return toChoiceChunks('text_completion', chunkMeta, (index, event) => {
    switch (event.type) {
      case 'start': {
        const echo = echoes[index] ?? ''
        return echo === '' ? [] : [toPiece(index, echo)]
      }
      case 'text':
        return [toPiece(index, event.text)]
      case 'stop':
        return [toPiece(index, '', FINISH_REASON[event.reason])]
      case 'thinking':
      case 'next_block':
      case 'tool_call':
      case 'tool_arguments':
      case 'rate_limit':
        return []
      default:
        return event satisfies never
    }
  })
}

function toPiece(index: number, text: string, finish_reason: string | null = null) {
  return { text, index, logprobs: null, finish_reason }
}
