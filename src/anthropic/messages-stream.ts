import type { TurnEvent } from '../conversation/types.ts'
import { toTurnError, unfinishedTurn } from '../errors.ts'
import { toErrorBody } from './error.ts'
import { MESSAGE_FRAME, type MessagesMeta, STOP_REASON, toToolUse } from './messages-response.ts'
import { toCounts, toUsage } from './messages-usage.ts'

/** Sent after the start of a message, and when the model pauses. */
export const PING = { type: 'ping' } as const

/**
 * Converts turn events into the events of the Messages API; after an error there is no
 * `message_stop`.
 */
export function toMessageEvents(meta: MessagesMeta): TransformStream<TurnEvent, object> {
  const blocks = new BlockWriter()
  let ended = false

  const toEvents = (event: TurnEvent): object[] => {
    switch (event.type) {
      case 'start':
        return [messageStart(event), PING]
      case 'text':
        return blocks.write({ type: 'text', text: '' }, { type: 'text_delta', text: event.text })
      case 'thinking': {
        if (!meta.thinking) return []
        const delta = { type: 'thinking_delta', thinking: event.text }
        return blocks.write({ type: 'thinking', thinking: '', signature: '' }, delta)
      }
      case 'tool_call':
        return blocks.begin(toToolUse(event, {}))
      case 'tool_arguments':
        return [blocks.delta({ type: 'input_json_delta', partial_json: event.json })]
      case 'next_block':
        return blocks.end()
      case 'rate_limit':
        return []
      case 'stop':
        ended = true
        return [...blocks.end(), messageDelta(event), { type: 'message_stop' }]
      case 'error':
        ended = true
        return [toErrorBody(toTurnError(event.error), meta.requestId)]
      default:
        return event satisfies never
    }
  }

  return new TransformStream({
    transform(event, controller) {
      for (const frame of toEvents(event)) controller.enqueue(frame)
    },
    flush(controller) {
      if (ended) return
      controller.enqueue(toErrorBody(unfinishedTurn(), meta.requestId))
    },
  })
}

type BlockHead = { type: string; [key: string]: unknown }

/** Writes content blocks, one at a time: the model finishes a block before the next. */
class BlockWriter {
  #index = -1
  #open: string | undefined

  /** Writes a delta of a block of this kind, and starts the block if it is not open. */
  write(block: BlockHead, delta: object): object[] {
    return [...(this.#open === block.type ? [] : this.begin(block)), this.delta(delta)]
  }

  begin(block: BlockHead): object[] {
    const before = this.end()
    this.#open = block.type
    this.#index++
    return [...before, { type: 'content_block_start', index: this.#index, content_block: block }]
  }

  delta(delta: object): object {
    return { type: 'content_block_delta', index: this.#index, delta }
  }

  end(): object[] {
    if (this.#open === undefined) return []
    this.#open = undefined
    return [{ type: 'content_block_stop', index: this.#index }]
  }
}

function messageStart({ id, model, usage }: Extract<TurnEvent, { type: 'start' }>) {
  const message = {
    ...{ id, ...MESSAGE_FRAME, model, content: [] },
    ...{ stop_reason: null, stop_sequence: null, stop_details: null },
    usage: toUsage(usage),
  }
  return { type: 'message_start', message }
}

function messageDelta({ reason, stopSequence, usage }: Extract<TurnEvent, { type: 'stop' }>) {
  const delta = {
    stop_reason: STOP_REASON[reason],
    stop_sequence: stopSequence ?? null,
    ...{ stop_details: null, container: null },
  }
  return { type: 'message_delta', delta, usage: toCounts(usage) }
}
