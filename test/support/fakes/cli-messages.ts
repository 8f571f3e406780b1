import { expect } from 'bun:test'
import type {
  AssistantMessage,
  CliMessage,
  StreamEvent,
} from '../../../src/claude/process/protocol.ts'
import { TurnTranslator } from '../../../src/claude/answer/turn-events.ts'
import { DEFAULT_PARAMETERS, type TurnEvent } from '../../../src/conversation/types.ts'

type WholeBlock = AssistantMessage['message']['content'][number]

/** What the CLI prints of a turn, line by line, and what becomes of it. */

export const translator = () => new TurnTranslator({ parameters: DEFAULT_PARAMETERS, tools: [] })

/** Everything that a turn's messages become, in order. */
export function translate(messages: readonly CliMessage[], turn = translator()): TurnEvent[] {
  return messages.flatMap((message) => turn.translate(message))
}

export const stream = (event: StreamEvent): CliMessage => ({ type: 'stream_event', event })
export const start = (id = 'msg_1') =>
  stream({
    type: 'message_start',
    message: { id, model: 'claude-x', usage: { input_tokens: 3, output_tokens: 1 } },
  })
export const block = (type: string, ...pieces: string[]) => [
  stream({ type: 'content_block_start', index: 0, content_block: { type } }),
  ...pieces.map((text) =>
    stream({
      type: 'content_block_delta',
      index: 0,
      delta:
        type === 'thinking'
          ? { type: 'thinking_delta', thinking: text }
          : { type: 'text_delta', text },
    }),
  ),
  // The CLI prints a block whole when its stream has ended.
  ...(type === 'text' ? [whole(pieces.join(''), { id: 'msg_1' })] : []),
]
export const closeBlock = stream({ type: 'content_block_stop', index: 0 })
export const stop = (stop_reason: string) =>
  stream({ type: 'message_delta', delta: { stop_reason }, usage: { output_tokens: 7 } })
export const messageStop = (from_block_index?: number): CliMessage => ({
  ...stream({ type: 'message_stop' }),
  ...(from_block_index !== undefined && { abandoned_blocks: { from_block_index } }),
})
export const result = (
  fields: Partial<Extract<CliMessage, { type: 'result' }>> = {},
): CliMessage => ({
  ...{ type: 'result', subtype: 'success', is_error: false },
  ...fields,
})
export const whole = (
  text: string,
  fields: { id?: string; stop_reason?: string } = {},
): CliMessage => ({
  type: 'assistant',
  message: { id: 'msg_2', model: 'claude-x', content: [{ type: 'text', text }], ...fields },
})
/** What the CLI prints of the streamed message `msg_1` when this block is complete. */
export const wholeBlock = (content: WholeBlock): CliMessage => ({
  type: 'assistant',
  message: { id: 'msg_1', model: 'claude-x', content: [content] },
})
export const synthetic = (error: string): CliMessage => ({
  type: 'assistant',
  message: { id: 'x', model: '<synthetic>', content: [{ type: 'text', text: 'API Error: 1' }] },
  error,
})

export const textOf = (events: readonly TurnEvent[]) =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('')
export const endOf = (events: readonly TurnEvent[]) => {
  const ends = events.filter(({ type }) => type === 'stop' || type === 'error')
  expect(ends.length).toBe(1)
  expect(ends[0]).toBe(events.at(-1))
  return ends[0]
}
