/** A conversation as the soak thinks of it, and how it looks to a client and to the model API. */

export type Call = { id: string; name: string; input: { token: string; note: string } }

export type Entry =
  | { role: 'user'; text: string; image?: string }
  | { role: 'assistant'; text: string; calls: readonly Call[] }
  | { role: 'results'; results: readonly { id: string; text: string }[] }

export type Dialect = 'chat' | 'messages'

export type Talk = {
  /** Which journey: no token of another may turn up in it. */
  journey: number
  /** The client that it belongs to. */
  key: string
  dialect: Dialect
  system: string
  /** Empty: no tool is offered. */
  toolNote: string
  entries: readonly Entry[]
}

const MODEL = 'sonnet'
const TOOL = 'look_up'
const PARAMETERS = { type: 'object', properties: { token: { type: 'string' } } }

export const PATH = {
  chat: '/v1/chat/completions',
  messages: '/v1/messages',
} as const satisfies Record<Dialect, string>

export function createCall(id: string, token: string): Call {
  return { id, name: TOOL, input: { token, note: `ünd «${id}»\n` } }
}

/** The request that a client sends. */
export function toBody(talk: Talk, stream: boolean): object {
  return talk.dialect === 'chat' ? toChatBody(talk, stream) : toMessagesBody(talk, stream)
}

/** The messages as the model API must get them. */
export function toUpstream({ entries }: Talk): object[] {
  return entries.map((entry) => {
    switch (entry.role) {
      case 'user':
        return { role: 'user', content: [...imageBlock(entry.image), textBlock(entry.text)] }
      case 'assistant':
        return {
          role: 'assistant',
          content: [
            ...(entry.text === '' ? [] : [textBlock(entry.text)]),
            ...entry.calls.map((call) => ({ type: 'tool_use', ...call })),
          ],
        }
      case 'results':
        return {
          role: 'user',
          content: entry.results.map(({ id, text }) => ({
            ...{ tool_use_id: id, type: 'tool_result', content: [textBlock(text)] },
          })),
        }
      default:
        return entry satisfies never
    }
  })
}

function toMessagesBody(talk: Talk, stream: boolean): object {
  const { system, toolNote } = talk
  return {
    ...{ model: MODEL, max_tokens: 32_000, stream, messages: toUpstream(talk) },
    ...(system !== '' && { system }),
    ...(toolNote !== '' && {
      tools: [{ name: TOOL, description: toolNote, input_schema: PARAMETERS }],
    }),
  }
}

function toChatBody({ system, toolNote, entries }: Talk, stream: boolean): object {
  const opening = system === '' ? [] : [{ role: 'system', content: system }]
  const tool = { name: TOOL, description: toolNote, parameters: PARAMETERS }
  return {
    ...{ model: MODEL, stream, messages: [...opening, ...entries.flatMap(toChatMessages)] },
    ...(toolNote !== '' && { tools: [{ type: 'function', function: tool }] }),
  }
}

function toChatMessages(entry: Entry): object[] {
  switch (entry.role) {
    case 'user': {
      const { text, image } = entry
      if (image === undefined) return [{ role: 'user', content: text }]
      const url = `data:image/png;base64,${image}`
      return [
        { role: 'user', content: [{ type: 'image_url', image_url: { url } }, textBlock(text)] },
      ]
    }
    case 'assistant': {
      const { text, calls } = entry
      if (calls.length === 0) return [{ role: 'assistant', content: text }]
      const tool_calls = calls.map(({ id, name, input }) => ({
        ...{ id, type: 'function', function: { name, arguments: JSON.stringify(input) } },
      }))
      return [{ role: 'assistant', content: text === '' ? null : text, tool_calls }]
    }
    case 'results':
      return entry.results.map(({ id, text }) => ({
        role: 'tool',
        tool_call_id: id,
        content: text,
      }))
    default:
      return entry satisfies never
  }
}

const textBlock = (text: string) => ({ type: 'text', text })

function imageBlock(data: string | undefined): object[] {
  if (data === undefined) return []
  return [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }]
}
