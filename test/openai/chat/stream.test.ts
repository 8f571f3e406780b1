import { describe, expect, test } from 'bun:test'
import type { StopReason, TurnEvent, Usage } from '../../../src/conversation/types.ts'
import { TurnError } from '../../../src/errors.ts'
import { type ChatMeta, toChatChunks } from '../../../src/openai/chat/stream.ts'
import type { ChunkFrame } from '../../../src/openai/choice-chunks.ts'

const META: ChatMeta = {
  ...{ id: 'chatcmpl-1', created: 1, choices: 1 },
  ...{ includeUsage: false, reasoning: true, legacyFunctions: false },
}
const usage: Usage = {
  ...{ uncachedTokens: 10, cachedTokens: 200, cacheCreationTokens: 30 },
  ...{ outputTokens: 17, reasoningTokens: 5 },
}
const START: TurnEvent = { type: 'start', id: 'msg_1', model: 'claude-x', usage }
const stop = (reason: StopReason = 'end'): TurnEvent => ({
  ...{ type: 'stop', reason, stopSequence: undefined },
  usage,
})

async function framesOf(events: TurnEvent[], meta: Partial<ChatMeta> = {}) {
  const source = new ReadableStream<{ choice: number; event: TurnEvent }>({
    start(controller) {
      for (const event of events) controller.enqueue({ choice: 0, event })
      controller.close()
    },
  })
  const frames: ChunkFrame[] = []
  const chunks = source.pipeThrough(toChatChunks({ ...META, ...meta }))
  for await (const frame of chunks) frames.push(frame)
  return frames
}

type Chunk = { choices: { delta: object; finish_reason: string | null }[]; usage?: unknown }

describe('toChatChunks', () => {
  test('role, content, finish, [DONE], each with the head of the completion', async () => {
    const frames = await framesOf([
      START,
      { type: 'text', text: 'po' },
      {
        type: 'rate_limit',
        rateLimit: { status: 'x', resetsAt: 1, window: 'x', utilization: 1 },
      },
      { type: 'next_block' },
      { type: 'text', text: 'ng' },
      stop(),
    ])
    expect(frames.at(-1)).toBe('[DONE]')
    const chunks: Chunk[] = JSON.parse(JSON.stringify(frames.slice(0, -1)))
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '', refusal: null },
      { content: 'po' },
      { content: 'ng' },
      {},
    ])
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason ?? null)).toEqual([
      ...[null, null, null],
      'stop',
    ])
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({
        ...{ id: 'chatcmpl-1', created: 1, object: 'chat.completion.chunk', model: 'claude-x' },
      })
      expect(chunk).not.toHaveProperty('usage')
    }
  })

  test('usage, when asked for, is null until its own chunk after the finish', async () => {
    const frames = await framesOf([START, stop()], { includeUsage: true })
    expect(frames).toMatchObject([
      { usage: null },
      { usage: null, choices: [{ finish_reason: 'stop' }] },
      {
        choices: [],
        usage: {
          prompt_tokens: 240,
          completion_tokens: 17,
          total_tokens: 257,
          prompt_tokens_details: { cached_tokens: 200 },
          completion_tokens_details: { reasoning_tokens: 5 },
        },
      },
      '[DONE]',
    ])
  })

  const reasons: [StopReason, string][] = [
    ['end', 'stop'],
    ['stop_sequence', 'stop'],
    ['length', 'length'],
    ['context_window', 'length'],
    ['tool_calls', 'tool_calls'],
    ['refusal', 'content_filter'],
  ]
  for (const [reason, finish_reason] of reasons) {
    test(`the stop reason ${reason} is ${finish_reason}`, async () => {
      expect(await framesOf([START, stop(reason)])).toMatchObject([
        {},
        { choices: [{ finish_reason }] },
        '[DONE]',
      ])
    })
  }

  test('thinking is reasoning_content, or hidden', async () => {
    const events: TurnEvent[] = [START, { type: 'thinking', text: 'hm' }, stop()]
    expect(JSON.stringify(await framesOf(events))).toContain('"reasoning_content":"hm"')
    expect(JSON.stringify(await framesOf(events, { reasoning: false }))).not.toContain('hm')
  })

  test('after an error there is neither a finish nor [DONE]', async () => {
    const error = new TurnError('overloaded', 'busy')
    const frames = await framesOf([START, { type: 'text', text: 'a' }, { type: 'error', error }])
    expect(frames.at(-1)).toEqual({
      error: { message: 'busy', type: 'server_error', param: null, code: 'overloaded' },
    })
    expect(JSON.stringify(frames)).not.toContain('"finish_reason":"')
    expect(frames).not.toContain('[DONE]')
    expect(frames.filter((frame) => typeof frame === 'object' && 'error' in frame).length).toBe(1)
  })

  test('a turn that just ends is an error too', async () => {
    const frames = await framesOf([START])
    expect(frames.at(-1)).toMatchObject({ error: { type: 'server_error' } })
  })
})
