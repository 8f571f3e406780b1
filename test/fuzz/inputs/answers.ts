import { z } from 'zod'
import { framesOf } from '../../support/clients/sse.ts'
import type { Call, Dialect, Said, Stop } from '../conversation.ts'

/** What a client got, whatever the API, whole or in pieces. */
export type Answer = {
  status: number
  /** Which worker answered. */
  worker: string
  /** What the headers name as left out or altered, by path. */
  named: string[]
  /** The parameter that an error blames, and its message. */
  refusal: { param: string | undefined; message: string } | undefined
  /** Of the Responses API, to go on from. */
  id: string | undefined
  texts: string[]
  calls: Call[]
  stop: Stop | undefined
}

const ErrorBody = z.object({
  error: z.object({ message: z.string(), param: z.string().nullish() }),
})

const Fn = z.object({ name: z.string().optional(), arguments: z.string().optional() })
const ChatCall = z.object({ index: z.int().optional(), id: z.string().optional(), function: Fn })
const ChatPart = z.object({
  content: z.string().nullish(),
  tool_calls: z.array(ChatCall).nullish(),
})
const Completion = z.object({
  choices: z.tuple([z.object({ message: ChatPart, finish_reason: z.string() })]),
})
const Chunk = z.object({
  choices: z.array(z.object({ delta: ChatPart, finish_reason: z.string().nullable() })),
})
const CHAT_STOP: Record<string, Stop> = {
  ...{ stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal' },
}

const Part = z.object({ text: z.string().optional(), refusal: z.string().optional() })
const Item = z.looseObject({
  type: z.string(),
  content: z.array(Part).optional(),
  ...{ call_id: z.string().optional(), name: z.string().optional() },
  arguments: z.string().optional(),
})
const ResponseObject = z.object({
  id: z.string(),
  status: z.string(),
  incomplete_details: z.object({ reason: z.string() }).nullable(),
  output: z.array(Item),
})
const ResponseEvent = z.looseObject({ type: z.string(), response: z.unknown().optional() })

const Block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  ...{ id: z.string().optional(), name: z.string().optional() },
  input: z.unknown().optional(),
})
const Message = z.object({ content: z.array(Block), stop_reason: z.string() })
const MessageEvent = z.looseObject({
  type: z.string(),
  index: z.int().optional(),
  content_block: Block.optional(),
  delta: z
    .looseObject({
      ...{ text: z.string().optional(), partial_json: z.string().optional() },
      stop_reason: z.string().nullish(),
    })
    .optional(),
})
const MESSAGES_STOP: Record<string, Stop> = {
  ...{ end_turn: 'end_turn', max_tokens: 'max_tokens', tool_use: 'tool_use', refusal: 'refusal' },
}

const HEADERS = ['x-claude-max-api-ignored', 'x-claude-max-api-changed'] as const

export async function readAnswer(dialect: Dialect, response: Response): Promise<Answer> {
  const { status, headers } = response
  const head = {
    status,
    worker: headers.get('x-claude-max-api-worker') ?? 'none',
    named: HEADERS.flatMap((name) => headers.get(name)?.split(', ') ?? []).map(toPath),
    ...{ refusal: undefined, id: undefined },
  }
  if (headers.get('content-type')?.startsWith('text/event-stream')) {
    const frames: string[] = []
    for await (const frame of framesOf(response)) frames.push(frame)
    return { ...head, ...STREAMS[dialect](frames) }
  }
  const text = await response.text()
  if (status === 200) return { ...head, ...WHOLE[dialect](text) }
  const { message, param } = ErrorBody.parse(JSON.parse(text)).error
  // Anthropic's errors have no field for it; the path stands first in the message.
  const place = param ?? /^'([^']+)'/.exec(message)?.[1]
  return { ...head, refusal: { param: place, message }, texts: [], calls: [], stop: undefined }
}

/** `tools[0] (web_search)` is about `tools[0]`. */
function toPath(name: string): string {
  return (name.split(' ')[0] ?? '').trim()
}

type Body = Pick<Answer, 'texts' | 'calls' | 'stop'> & { id?: string }

const WHOLE: Record<Dialect, (text: string) => Body> = {
  chat(text) {
    const [{ message, finish_reason }] = Completion.parse(JSON.parse(text)).choices
    const calls = (message.tool_calls ?? []).map(({ id = '', function: called }) => {
      return { id, name: called.name ?? '', json: called.arguments ?? '' }
    })
    return { texts: [message.content ?? ''], calls, stop: CHAT_STOP[finish_reason] }
  },
  responses: (text) => fromResponse(JSON.parse(text)),
  messages(text) {
    const { content, stop_reason } = Message.parse(JSON.parse(text))
    return fromBlocks(
      content.map(({ input, ...block }) => ({ ...block, json: JSON.stringify(input ?? {}) })),
      stop_reason,
    )
  },
}

const STREAMS: Record<Dialect, (frames: readonly string[]) => Body> = {
  chat(frames) {
    if (frames.at(-1) !== '[DONE]') throw new Error(`The stream ended with ${frames.at(-1)}`)
    let content = ''
    let stop: Stop | undefined
    const calls: Call[] = []
    for (const frame of frames.slice(0, -1)) {
      for (const { delta, finish_reason } of Chunk.parse(JSON.parse(frame)).choices) {
        content += delta.content ?? ''
        for (const { index = 0, id = '', function: called } of delta.tool_calls ?? []) {
          const call = (calls[index] ??= { id, name: called.name ?? '', json: '' })
          call.json += called.arguments ?? ''
        }
        stop = CHAT_STOP[finish_reason ?? ''] ?? stop
      }
    }
    return { texts: [content], calls, stop }
  },
  responses(frames) {
    const last = ResponseEvent.parse(JSON.parse(frames.at(-1) ?? '{}'))
    return fromResponse(last.response)
  },
  messages(frames) {
    const blocks: { type: string; text: string; json: string; id?: string; name?: string }[] = []
    let stop: string | undefined
    for (const frame of frames) {
      const { index = 0, content_block, delta } = MessageEvent.parse(JSON.parse(frame))
      if (content_block) {
        const { type, id = '', name = '', text = '' } = content_block
        blocks[index] = { type, id, name, text, json: '' }
      }
      const block = blocks[index]
      if (block) block.text += delta?.text ?? ''
      if (block) block.json += delta?.partial_json ?? ''
      stop = delta?.stop_reason ?? stop
    }
    return fromBlocks(blocks, stop)
  },
}

function fromResponse(value: unknown): Body {
  const { id, status, incomplete_details, output } = ResponseObject.parse(value)
  const calls = output.flatMap((item) =>
    item.type === 'function_call'
      ? [{ id: item.call_id ?? '', name: item.name ?? '', json: item.arguments ?? '' }]
      : [],
  )
  const texts = output.flatMap(({ content = [] }) => content.map(({ text = '' }) => text))
  return { id, texts, calls, stop: stopOf(status, incomplete_details?.reason, calls.length > 0) }
}

function stopOf(status: string, reason: string | undefined, calls: boolean): Stop | undefined {
  if (status === 'completed') return calls ? 'tool_use' : 'end_turn'
  if (status !== 'incomplete') return undefined
  return reason === 'content_filter' ? 'refusal' : 'max_tokens'
}

type AnyBlock = {
  type: string
  text?: string | undefined
  id?: string | undefined
  name?: string | undefined
  json: string
}

function fromBlocks(blocks: readonly AnyBlock[], stop: string | undefined): Body {
  return {
    texts: blocks.flatMap(({ type, text = '' }) => (type === 'text' ? [text] : [])),
    calls: blocks.flatMap(({ type, id = '', name = '', json }) =>
      type === 'tool_use' ? [{ id, name, json }] : [],
    ),
    stop: MESSAGES_STOP[stop ?? ''],
  }
}

/** What differs between what the model said and what the client got; undefined if nothing does. */
export function answerDifference(dialect: Dialect, said: Said, got: Answer): string | undefined {
  const texts = said.texts.filter((text) => text !== '')
  // Only Anthropic's API has several texts in an answer.
  const [is, should] =
    dialect === 'messages' ? [got.texts, texts] : [[got.texts.join('')], [texts.join('')]]
  const view = (one: readonly string[], calls: readonly Call[], stop: Stop | undefined) =>
    JSON.stringify({ texts: one, calls: calls.map((call) => readable(call, dialect)), stop })
  const [a, b] = [view(is, got.calls, got.stop), view(should, said.calls, said.stop)]
  return a === b ? undefined : `got ${a}, said ${b}`
}

/** Plain answers of Anthropic's API have the arguments as a value: their numbers are JSON's. */
function readable({ id, name, json }: Call, dialect: Dialect): object {
  return {
    id,
    name,
    json: dialect === 'messages' ? JSON.stringify(JSON.parse(json || '{}')) : json,
  }
}
