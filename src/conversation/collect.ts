import { TurnError } from '../errors.ts'
import type { StopReason, TurnEvent, Usage } from './types.ts'

export type CollectedCall = { id: string; name: string; arguments: string }

/** A whole turn, for a client that does not stream. */
export type CollectedTurn = {
  model: string
  text: string
  thinking: string
  calls: CollectedCall[]
  stopReason: StopReason
  usage: Usage
}

/** Reads a turn to its end; an error event, or an end without one, rejects. */
export async function collect(events: ReadableStream<TurnEvent>): Promise<CollectedTurn> {
  let model = ''
  let text = ''
  let thinking = ''
  const calls: CollectedCall[] = []
  for await (const event of events) {
    switch (event.type) {
      case 'start':
        model = event.model
        break
      case 'text':
        text += event.text
        break
      case 'thinking':
        thinking += event.text
        break
      case 'tool_call':
        calls.push({ id: event.id, name: event.name, arguments: '' })
        break
      case 'tool_arguments': {
        const call = calls[event.index]
        if (call) call.arguments += event.json
        break
      }
      case 'rate_limit':
        break
      case 'stop':
        return { ...{ model, text, thinking, calls }, stopReason: event.reason, usage: event.usage }
      case 'error':
        throw event.error
      default:
        event satisfies never
    }
  }
  throw new TurnError('worker', 'The turn ended without saying how.')
}
