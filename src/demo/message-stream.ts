/** A content block of a scripted answer; a list of pieces is streamed piece by piece. */
export type ReplyBlock =
  | { type: 'text'; text: string | readonly string[] }
  | { type: 'thinking'; thinking: string | readonly string[] }
  | { type: 'tool_use'; id: string; name: string; input: unknown }

export type ReplyOptions = {
  model?: string
  stopReason?: string
  stopSequence?: string | null
  usage?: Record<string, unknown>
  /** Awaited before each piece; sets the speed of the scripted model. */
  pace?: (() => Promise<void>) | undefined
}

type StreamEvent = { type: string; [key: string]: unknown }

const USAGE = {
  input_tokens: 11,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 1,
}

/** A complete scripted message, as the Messages API streams it: one SSE event per piece. */
export function messageReply(blocks: readonly ReplyBlock[], options: ReplyOptions = {}): Response {
  return sseReply(messageEvents(blocks, options))
}

/** Sends each event when the generator yields it. An exception closes the connection. */
export function sseReply(events: AsyncGenerator<StreamEvent>): Response {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await events.next()
      if (done) return controller.close()
      controller.enqueue(encoder.encode(`event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`))
    },
    async cancel() {
      await events.return(undefined)
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

export async function* messageEvents(
  blocks: readonly ReplyBlock[],
  options: ReplyOptions = {},
): AsyncGenerator<StreamEvent> {
  yield messageStart(options)
  for (const [index, block] of blocks.entries()) yield* blockEvents(index, block, options.pace)
  yield* messageEnd(blocks, options)
}

export function messageStart({ model = 'scripted', usage }: ReplyOptions = {}): StreamEvent {
  return {
    type: 'message_start',
    message: {
      id: `msg_${crypto.randomUUID().replaceAll('-', '')}`,
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...USAGE, ...usage, output_tokens: 1 },
    },
  }
}

async function* blockEvents(
  index: number,
  block: ReplyBlock,
  pace: (() => Promise<void>) | undefined,
): AsyncGenerator<StreamEvent> {
  const { start, deltas } = blockParts(block)
  yield { type: 'content_block_start', index, content_block: start }
  for (const delta of deltas) {
    await pace?.()
    yield { type: 'content_block_delta', index, delta }
  }
  yield { type: 'content_block_stop', index }
}

function blockParts(block: ReplyBlock): { start: object; deltas: object[] } {
  switch (block.type) {
    case 'text':
      return {
        start: { type: 'text', text: '' },
        deltas: [block.text].flat().map((text) => ({ type: 'text_delta', text })),
      }
    case 'thinking':
      return {
        start: { type: 'thinking', thinking: '', signature: '' },
        deltas: [
          ...[block.thinking].flat().map((thinking) => ({ type: 'thinking_delta', thinking })),
          { type: 'signature_delta', signature: 'c2lnbmVk' },
        ],
      }
    case 'tool_use':
      return {
        start: { type: 'tool_use', id: block.id, name: block.name, input: {} },
        deltas: halves(JSON.stringify(block.input)).map((partial_json) => ({
          type: 'input_json_delta',
          partial_json,
        })),
      }
    default:
      return block satisfies never
  }
}

/** The real API sends arguments in pieces, too; two are enough. */
function halves(text: string): string[] {
  const middle = Math.ceil(text.length / 2)
  return [text.slice(0, middle), text.slice(middle)].filter((half) => half !== '')
}

function* messageEnd(
  blocks: readonly ReplyBlock[],
  { stopReason, stopSequence = null, usage }: ReplyOptions,
): Generator<StreamEvent> {
  const reason = stopReason ?? (blocks.some((b) => b.type === 'tool_use') ? 'tool_use' : 'end_turn')
  yield {
    type: 'message_delta',
    delta: { stop_reason: reason, stop_sequence: stopSequence },
    usage: { output_tokens: 7, ...usage },
  }
  yield { type: 'message_stop' }
}
