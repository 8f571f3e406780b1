import { z } from 'zod'
import { framesOf } from '../support/clients/sse.ts'
import type { Call, Dialect } from './talk.ts'

/** What a client got, whatever the dialect, plain or streamed. */
export type Outcome = {
  status: number
  /** Which worker answered, if the response says so. */
  worker: string | null
  retryAfter: string | null
  text: string
  calls: Call[]
  /** In the model API's words. */
  stop: string | undefined
  /** The type of the error, by the dialect's own name. */
  error: string | undefined
  /** Whether a stream ended completely; a parsed answer that is not streamed is complete. */
  whole: boolean
}

type Body = Pick<Outcome, 'text' | 'calls' | 'stop' | 'error' | 'whole'>
type OnWord = () => void

const STOP_OF_FINISH: Record<string, string> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
}

const ErrorBody = z.object({ error: z.object({ type: z.string(), message: z.string().min(1) }) })
const Input = z.strictObject({ token: z.string(), note: z.string() })

const ChatCall = z.object({
  index: z.int().optional(),
  id: z.string().optional(),
  function: z.object({ name: z.string().optional(), arguments: z.string().optional() }),
})
const ChatPart = z.looseObject({
  content: z.string().nullish(),
  tool_calls: z.array(ChatCall).optional(),
})
const Completion = z.object({
  choices: z.tuple([z.object({ message: ChatPart, finish_reason: z.string() })]),
})
const Chunk = z.object({
  choices: z.array(z.object({ delta: ChatPart, finish_reason: z.string().nullable() })),
})

const Block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  input: z.unknown().optional(),
})
const Message = z.object({ content: z.array(Block), stop_reason: z.string() })
const MessageEvent = z.looseObject({
  type: z.string(),
  content_block: Block.optional(),
  delta: z
    .looseObject({
      text: z.string().optional(),
      partial_json: z.string().optional(),
      stop_reason: z.string().nullish(),
    })
    .optional(),
})

/** Reads a response to its end; `onWord` is told of every frame of a stream. */
export async function readOutcome(
  dialect: Dialect,
  response: Response,
  onWord: OnWord,
): Promise<Outcome> {
  const { status, headers } = response
  const streams = headers.get('content-type')?.startsWith('text/event-stream') ?? false
  return {
    status,
    worker: headers.get('x-claude-max-api-worker'),
    retryAfter: headers.get('retry-after'),
    ...(streams
      ? await readStream(dialect, response, onWord)
      : readPlain(dialect, status, await response.text())),
  }
}

function readPlain(dialect: Dialect, status: number, text: string): Body {
  const json: unknown = JSON.parse(text)
  if (status !== 200) return { ...NOTHING, error: ErrorBody.parse(json).error.type }
  if (dialect === 'messages') {
    const { content, stop_reason } = Message.parse(json)
    const calls = content.filter(({ type }) => type === 'tool_use')
    return {
      ...NOTHING,
      text: content.map((block) => block.text ?? '').join(''),
      calls: calls.map(({ id, name, input }) => toCall(id, name, input)),
      ...{ stop: stop_reason, whole: true },
    }
  }
  const [{ message, finish_reason }] = Completion.parse(json).choices
  const calls = message.tool_calls ?? []
  return {
    ...NOTHING,
    text: message.content ?? '',
    calls: calls.map((call) => toCall(call.id, call.function.name, call.function.arguments)),
    ...{ stop: STOP_OF_FINISH[finish_reason], whole: true },
  }
}

const NOTHING: Body = { text: '', calls: [], stop: undefined, error: undefined, whole: false }

type Piece = { id: string | undefined; name: string | undefined; json: string }

async function readStream(dialect: Dialect, response: Response, onWord: OnWord): Promise<Body> {
  const body = { ...NOTHING }
  const pieces: Piece[] = []
  for await (const data of framesOf(response)) {
    onWord()
    // Nothing may come after the end of a whole answer, nor after an error.
    if (body.whole || body.error !== undefined) throw new Error(`After the end came ${data}`)
    if (data === '[DONE]') body.whole = true
    else if (dialect === 'chat') readChunk(JSON.parse(data), body, pieces)
    else readEvent(JSON.parse(data), body, pieces)
  }
  return { ...body, calls: pieces.map(({ id, name, json }) => toCall(id, name, json)) }
}

function readChunk(json: unknown, body: Body, pieces: Piece[]): void {
  const failure = ErrorBody.safeParse(json)
  if (failure.success) return void (body.error = failure.data.error.type)
  for (const { delta, finish_reason } of Chunk.parse(json).choices) {
    body.text += delta.content ?? ''
    for (const { id, index = 0, function: called } of delta.tool_calls ?? []) {
      const piece = (pieces[index] ??= { id, name: called.name, json: '' })
      piece.json += called.arguments ?? ''
    }
    if (finish_reason === null) continue
    if (body.stop !== undefined) throw new Error('The answer finished twice.')
    body.stop = STOP_OF_FINISH[finish_reason]
  }
}

function readEvent(json: unknown, body: Body, pieces: Piece[]): void {
  const { type, content_block, delta } = MessageEvent.parse(json)
  switch (type) {
    case 'error':
      body.error = ErrorBody.parse(json).error.type
      break
    case 'content_block_start':
      if (content_block?.type !== 'tool_use') break
      pieces.push({ id: content_block.id, name: content_block.name, json: '' })
      break
    case 'content_block_delta': {
      body.text += delta?.text ?? ''
      const piece = pieces.at(-1)
      if (piece) piece.json += delta?.partial_json ?? ''
      break
    }
    case 'message_delta':
      body.stop = delta?.stop_reason ?? undefined
      break
    case 'message_stop':
      body.whole = true
      break
    default:
  }
}

/** Half a call of a broken answer is no call; that it is missing shows. */
function toCall(id = '', name = '', input: unknown): Call {
  const value = typeof input === 'string' ? parseOrNothing(input) : input
  return { id, name, input: Input.safeParse(value).data ?? { token: '', note: '' } }
}

function parseOrNothing(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
