import { digestOf } from './digest.ts'
import { callIds } from './tool-calls.ts'
import type { Conversation, Message, ToolSpec } from './types.ts'

/** One message, by which it is known again. */
export type MessageDigest = {
  /**
   * Equal for messages that say the same: the order of keys in arguments and the ids of calls do
   * not count. Blocks and their order do: a client that joins two texts of an answer into one has
   * sent one.
   */
  digest: string
  /** The ids of the calls in it. */
  callIds: readonly string[]
  /** Whether it answers calls: then it stands or falls with the message that made them. */
  hasResults: boolean
}

/** What a request needs of a worker. Compared with what a worker has, the rest is the work. */
export type Need = {
  conversation: Conversation
  /** Of what a worker is told once and for all: whose it is, system prompt and schema. */
  beginning: string
  /** Of the list of tools, which can be changed between two turns. */
  tools: string
  /** Of each tool, by its name and schema. */
  toolDigests: ReadonlyMap<string, string>
  /** Of the model and its effort: a change behind messages would be told to the model. */
  voice: string
  messages: readonly MessageDigest[]
}

/** How a worker can serve a request, and how much of it the worker has already. */
export type Offer = {
  /**
   * `pristine`: it has heard nothing yet. `resumed`: the conversation goes on where it stands.
   * `unparked`: the calls on which it waits have their results. `rewound`: it is taken back first.
   */
  how: 'pristine' | 'resumed' | 'unparked' | 'rewound'
  /** How many messages it has already and keeps. */
  kept: number
  /** Whether all that it has heard is part of the request. */
  isOwn: boolean
  /** Whether it has these tools; to be given others takes it a moment. */
  hasTools: boolean
}

/** Behind so many characters of messages others have a turn: hashing takes as long as sending. */
const YIELD_CHARS = 1024 * 1024

/** What this conversation of this client needs; its messages are hashed here and nowhere else. */
export async function needOf(client: string, conversation: Conversation): Promise<Need> {
  const { system, tools, outputSchema, model, effort, messages } = conversation
  const toolDigests = new Map(tools.map((tool) => [nameAndSchema(tool), digestOf(tool)]))
  const digests: MessageDigest[] = []
  let chars = 0
  for (const [index, message] of messages.entries()) {
    const text = JSON.stringify(canonical(message, messages[index - 1]))
    chars += text.length
    digests.push(digested(message, text))
    if (chars < YIELD_CHARS) continue
    chars = 0
    await new Promise(setImmediate)
  }
  return {
    conversation,
    beginning: digestOf([client, system, outputSchema]),
    tools: digestOf([...toolDigests]),
    toolDigests,
    voice: digestOf([model, effort]),
    messages: digests,
  }
}

function nameAndSchema({ name, inputSchema }: ToolSpec): string {
  return `${name} ${digestOf(inputSchema)}`
}

/** `before` is the message in front of it, whose calls its results may answer. */
export function digestMessage(message: Message, before: Message | undefined): MessageDigest {
  return digested(message, JSON.stringify(canonical(message, before)))
}

function digested(message: Message, text: string): MessageDigest {
  const hasResults =
    message.role === 'user' && message.content.some(({ type }) => type === 'tool_result')
  return { digest: digestOf(text), callIds: callIds(message), hasResults }
}

function canonical(message: Message, before: Message | undefined): unknown {
  if (message.role === 'user') {
    const ids = callIds(before)
    // By the place of its call; an id that is not there stands for itself.
    const place = (id: string) => (ids.includes(id) ? ids.indexOf(id) : id)
    const blocks = message.content.map((block) =>
      block.type === 'tool_result' ? { ...block, tool_use_id: place(block.tool_use_id) } : block,
    )
    return ['user', blocks]
  }
  const blocks = message.content.flatMap((block): unknown[] => {
    if (block.type === 'text') return block.text === '' ? [] : [block.text]
    return [{ name: block.name, input: sortKeys(block.input) }]
  })
  return ['assistant', blocks]
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]))
}
