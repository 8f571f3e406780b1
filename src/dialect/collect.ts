import { unfinishedTurn } from '../errors.ts'
import type { StopReason, TurnEvent, Usage } from '../conversation/types.ts'

type CollectedCall = { id: string; name: string; arguments: string }

/** A block of the answer, in the order in which the model wrote them. */
export type CollectedBlock =
  | { type: 'text' | 'thinking'; text: string }
  | ({ type: 'tool_call' } & CollectedCall)

/** A complete turn, for a client that does not stream. */
export type CollectedTurn = {
  id: string
  model: string
  blocks: CollectedBlock[]
  /** The texts, thoughts and calls of `blocks`, for APIs that separate them. */
  text: string
  thinking: string
  calls: CollectedCall[]
  stopReason: StopReason
  stopSequence: string | undefined
  usage: Usage
}

/**
 * Reads a turn to its end; rejects on an error event, or if the stream ends without a stop event.
 */
export async function collect(events: ReadableStream<TurnEvent>): Promise<CollectedTurn> {
  let start = { id: '', model: '' }
  const blocks: CollectedBlock[] = []
  let isNext = false
  for await (const event of events) {
    switch (event.type) {
      case 'start':
        start = { id: event.id, model: event.model }
        break
      case 'text':
      case 'thinking': {
        const last = blocks.at(-1)
        if (last?.type === event.type && !isNext) last.text += event.text
        else blocks.push({ type: event.type, text: event.text })
        isNext = false
        break
      }
      case 'next_block':
        isNext = true
        break
      case 'tool_call':
        blocks.push({ type: 'tool_call', id: event.id, name: event.name, arguments: '' })
        break
      case 'tool_arguments': {
        const call = callsOf(blocks)[event.index]
        if (call) call.arguments += event.json
        break
      }
      case 'rate_limit':
        break
      case 'stop': {
        const { reason: stopReason, stopSequence, usage } = event
        return { ...start, blocks, ...apart(blocks), stopReason, stopSequence, usage }
      }
      case 'error':
        throw event.error
      default:
        event satisfies never
    }
  }
  throw unfinishedTurn()
}

function apart(blocks: readonly CollectedBlock[]) {
  const join = (wanted: 'text' | 'thinking') =>
    blocks.map((block) => (block.type === wanted ? block.text : '')).join('')
  const calls = callsOf(blocks).map(({ type: _, ...call }) => call)
  return { text: join('text'), thinking: join('thinking'), calls }
}

function callsOf(blocks: readonly CollectedBlock[]) {
  return blocks.flatMap((block) => (block.type === 'tool_call' ? [block] : []))
}
