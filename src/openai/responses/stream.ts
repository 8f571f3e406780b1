import type { TurnEvent } from '../../conversation/types.ts'
import { unfinishedTurn } from '../../errors.ts'
import type { ResponseMeta, ResponseObject } from './object.ts'
import { type ResponseEvent, ResponseWriter } from './writer.ts'

/**
 * Converts turn events into the events of a response, in OpenAI's order. `onEnd` gets the complete
 * response before the client does, because the client may continue it at once.
 */
export function toResponseEvents(
  meta: ResponseMeta,
  onEnd: (response: ResponseObject) => void,
): TransformStream<TurnEvent, ResponseEvent> {
  const writer = new ResponseWriter(meta)
  const translate = (event: TurnEvent): ResponseEvent[] => {
    if (writer.ended) return []
    const events = writer.translate(event)
    if (writer.ended && writer.begun) onEnd(writer.response)
    return events
  }
  return new TransformStream({
    transform(event, controller) {
      for (const one of translate(event)) controller.enqueue(one)
    },
    flush(controller) {
      for (const one of translate({ type: 'error', error: unfinishedTurn() }))
        controller.enqueue(one)
    },
  })
}

/** The same response for a client that does not stream; rejects if the turn fails. */
export async function collectResponse(
  events: ReadableStream<TurnEvent>,
  meta: ResponseMeta,
): Promise<ResponseObject> {
  const writer = new ResponseWriter(meta)
  for await (const event of events) {
    if (event.type === 'error') throw event.error
    writer.translate(event)
    if (writer.ended) return writer.response
  }
  throw unfinishedTurn()
}
