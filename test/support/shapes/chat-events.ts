import { expect } from 'bun:test'
import OpenAI from 'openai'
import { z } from 'zod'
import type { TestServer } from '../servers/server.ts'
import { framesOf } from '../clients/sse.ts'

/**
 * Chat completions as the official SDK's types describe them, strict in every key. The compiler
 * holds the schemas to the types; `checkedClient` holds the wire to the schemas. One departure:
 * `reasoning_content`, which OpenAI's API does not have.
 */

type Thinking = { reasoning_content?: string }
type Message = OpenAI.ChatCompletionMessage & Thinking
type Choice = Omit<OpenAI.ChatCompletion.Choice, 'message'> & { message: Message }
type Completion = Omit<OpenAI.ChatCompletion, 'choices'> & { choices: Choice[] }
type Delta = OpenAI.ChatCompletionChunk.Choice.Delta & Thinking
type ChunkChoice = Omit<OpenAI.ChatCompletionChunk.Choice, 'delta'> & { delta: Delta }
type Chunk = Omit<OpenAI.ChatCompletionChunk, 'choices'> & { choices: ChunkChoice[] }

const count = z.int().min(0)
const id = z.string().min(1)
const words = z.string().min(1)

/** The same in both completions APIs. */
export const UsageObject = z.strictObject({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z.strictObject({ cached_tokens: count, audio_tokens: count }),
  completion_tokens_details: z.strictObject({
    reasoning_tokens: count,
    audio_tokens: count,
    accepted_prediction_tokens: count,
    rejected_prediction_tokens: count,
  }),
}) satisfies z.ZodType<OpenAI.CompletionUsage>

const ErrorBody = z.strictObject({
  error: z.strictObject({
    ...{ message: words, type: words },
    ...{ param: z.string().nullable(), code: z.string().nullable() },
  }),
}) satisfies z.ZodType<{ error: OpenAI.ErrorObject }>

const finishReason = z.enum(['stop', 'length', 'tool_calls', 'content_filter', 'function_call'])
const Call = z.strictObject({ name: id, arguments: z.string() })

const ChatCompletion = z.strictObject({
  id: id.startsWith('chatcmpl-'),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: id,
  choices: z.array(
    z.strictObject({
      ...{ index: count, logprobs: z.null(), finish_reason: finishReason },
      message: z.strictObject({
        role: z.literal('assistant'),
        content: z.string().nullable(),
        refusal: z.null(),
        annotations: z.array(z.never()),
        reasoning_content: words.exactOptional(),
        tool_calls: z
          .array(z.strictObject({ id, type: z.literal('function'), function: Call }))
          .min(1)
          .exactOptional(),
        function_call: Call.exactOptional(),
      }),
    }),
  ),
  usage: UsageObject,
  service_tier: z.literal('default'),
}) satisfies z.ZodType<Completion>

/** What a delta can be: never two of these at once. */
const ChatDelta = z.union([
  z.strictObject({ role: z.literal('assistant'), content: z.literal(''), refusal: z.null() }),
  z.strictObject({ content: words }),
  z.strictObject({ reasoning_content: words }),
  z.strictObject({
    tool_calls: z.tuple([
      z.union([
        z.strictObject({ index: count, id, type: z.literal('function'), function: Call }),
        z.strictObject({ index: count, function: z.strictObject({ arguments: words }) }),
      ]),
    ]),
  }),
  z.strictObject({ function_call: z.union([Call, z.strictObject({ arguments: words })]) }),
  z.strictObject({}),
]) satisfies z.ZodType<Delta>

const ChatChunk = z.strictObject({
  id: id.startsWith('chatcmpl-'),
  object: z.literal('chat.completion.chunk'),
  created: z.int(),
  model: id,
  choices: z.array(
    z.strictObject({
      ...{ index: count, delta: ChatDelta, logprobs: z.null() },
      finish_reason: finishReason.nullable(),
    }),
  ),
  usage: UsageObject.nullable().exactOptional(),
}) satisfies z.ZodType<Chunk>

/** A dialect: its address, its whole answer, and the pieces of it. */
type Checks = {
  path: string
  whole: z.ZodType
  chunk: z.ZodType<AnyChunk>
}

/** What the chunks of both completions APIs have in common. */
type AnyChunk = {
  id: string
  created: number
  choices: { index: number; finish_reason: string | null; delta?: object }[]
  usage?: object | null
}

export type CheckedClient = {
  client: OpenAI
  /** Resolves when everything received was checked; rejects with the first mismatch. */
  checked: () => Promise<void>
}

/** The official SDK whose every answer on that path is held against the SDK's own types. */
export function checkedClient({ url }: Pick<TestServer, 'url'>, checks: Checks): CheckedClient {
  const running: Promise<void>[] = []
  const client = new OpenAI({
    ...{ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 },
    fetch: async (input, { signal, ...init } = {}) => {
      const hangUp = new AbortController()
      const abort = () => hangUp.abort(signal?.reason)
      signal?.addEventListener('abort', abort)
      const response = await fetch(input, { ...init, signal: hangUp.signal })
      // The SDK closes the connection at an error frame, but frames after it must be checked, too.
      signal?.removeEventListener('abort', abort)
      if (new URL(response.url).pathname !== checks.path) return response
      const check = checkAnswer(response.clone(), checks)
      check.catch(() => {})
      running.push(check)
      return response
    },
  })
  return {
    client,
    async checked() {
      await Promise.all(running.splice(0))
    },
  }
}

export function chatClient(server: Pick<TestServer, 'url'>): CheckedClient {
  const path = '/v1/chat/completions'
  return checkedClient(server, { path, whole: ChatCompletion, chunk: ChatChunk })
}

async function checkAnswer(
  response: ReturnType<Response['clone']>,
  { whole, chunk }: Checks,
): Promise<void> {
  const type = response.headers.get('content-type') ?? ''
  if (!type.startsWith('text/event-stream')) {
    const body: unknown = await response.json()
    return void (response.ok ? whole : ErrorBody).parse(body)
  }
  const frames = await Array.fromAsync(framesOf(new Response(response.body)))
  const last = frames.pop() ?? ''
  const chunks = frames.map((frame) => chunk.parse(JSON.parse(frame)))
  if (last !== '[DONE]') ErrorBody.parse(JSON.parse(last))
  requireOrder(chunks, last === '[DONE]')
}

/** The order of OpenAI: a role if there are any, content, a finish for each choice, usage. */
function requireOrder(chunks: readonly AnyChunk[], whole: boolean): void {
  const heads = new Set(chunks.map((chunk) => `${chunk.id} ${chunk.created}`))
  // A failure may be all there is.
  expect(heads.size).toBe(whole || chunks.length > 0 ? 1 : 0)
  const choices = chunks.flatMap((chunk) => chunk.choices)
  const indices = [...new Set(choices.map(({ index }) => index))].toSorted((a, b) => a - b)
  // A stream may break off before a choice began.
  if (whole) expect(indices).toEqual([...indices.keys()])
  for (const index of indices) {
    const own = choices.filter((choice) => choice.index === index)
    const roles = own.map(({ delta }) => delta && 'role' in delta)
    if (own[0]?.delta) expect(roles.indexOf(true)).toBe(0)
    expect(roles.lastIndexOf(true)).toBeLessThanOrEqual(0)
    const finishes = own.map(({ finish_reason }) => finish_reason !== null)
    const finish = finishes.indexOf(true)
    if (whole || finish !== -1) expect(finish).toBe(own.length - 1)
  }
  // Asked for, usage is a key of every chunk, and null until one that has nothing else.
  const asked = chunks.some((chunk) => 'usage' in chunk)
  const tail = whole && asked ? 1 : 0
  for (const { choices: own, usage } of chunks.slice(0, chunks.length - tail)) {
    expect({ usage, choices: own.length }).toEqual({ usage: asked ? null : undefined, choices: 1 })
  }
  for (const { choices: own, usage } of chunks.slice(chunks.length - tail)) {
    expect({ usage, choices: own.length }).toEqual({ usage: expect.any(Object), choices: 0 })
  }
}
