import { toCliContent } from '../../src/claude/history/cli-content.ts'
import { messageReply } from '../../src/demo/message-stream.ts'
import { needOf } from '../../src/conversation/need.ts'
import type { Conversation, Message } from '../../src/conversation/types.ts'
import type { Bed } from './bed.ts'
import { blocksOf, type Json, readSent, type Sent, toText } from './sent.ts'
import { type Setup, withMessages } from './setups.ts'

const USER: Message = { role: 'user', content: [{ type: 'text', text: 'one' }] }
const ASSISTANT: Message = { role: 'assistant', content: [{ type: 'text', text: 'two' }] }

/** What the CLI sends around the messages: with one of them, and with several. */
type Frame = { one: Sent; several: Sent }

/** Asks a worker that never heard anything before, and ends it. */
export async function askFresh(bed: Bed, conversation: Conversation): Promise<Sent> {
  const { api } = bed
  const worker = await bed.boot()
  if (api.requests.length > 0) throw new Error('A request that nobody asked for.')
  try {
    api.answerWith(() => messageReply([{ type: 'text', text: 'answer' }]))
    const turn = worker.run(await needOf('client', conversation))
    await Promise.all([turn.started, turn.events.pipeTo(new WritableStream())])
    const [request] = api.requests
    if (!request || api.requests.length > 1) throw new Error(`${api.requests.length} requests`)
    return readSent(request)
  } finally {
    await worker.end()
    api.forget()
  }
}

/**
 * What a fresh worker sends for any conversation. What stands around the messages is learned from
 * fresh workers, once for each setup; how one message is written depends on nothing else.
 */
export class Expected {
  readonly #bed: Bed
  readonly #frames = new Map<Setup, Frame>()

  constructor(bed: Bed) {
    this.#bed = bed
  }

  async of(setup: Setup, messages: readonly Message[]): Promise<string> {
    const frame = this.#frames.get(setup) ?? (await this.#learn(setup))
    this.#frames.set(setup, frame)
    const learned = messages.length === 1 ? frame.one : frame.several
    const [, environment] = learned.messages
    const [first, ...others] = messages.map(toSent)
    const last = others.pop()
    const told = [first, environment, ...others, ...(last ? [marked(last, learned)] : [])]
    return toText(
      learned,
      told.filter((message) => message !== undefined),
    )
  }

  async #learn(setup: Setup): Promise<Frame> {
    const one = await askFresh(this.#bed, withMessages(setup, [USER]))
    const several = await askFresh(this.#bed, withMessages(setup, [USER, ASSISTANT, USER]))
    const roles = [one, several].map(({ messages }) => messages.map(({ role }) => role).join(' '))
    if (roles[0] !== 'user system' || roles[1] !== 'user system assistant user') {
      throw new Error(`The CLI has another way to send messages: ${roles.join('; ')}`)
    }
    return { one, several }
  }
}

function toSent(message: Message): Json {
  return { role: message.role, content: toCliContent(message) }
}

/** The prompt cache is marked at the end of the last message, as in what was learned. */
function marked(message: Json, { messages }: Sent): Json {
  const mark = messages.map(blocksOf).at(-1)?.at(-1)?.['cache_control']
  const blocks = blocksOf(message)
  const content = blocks.map((block, index) =>
    index === blocks.length - 1 ? { ...block, cache_control: mark } : block,
  )
  return { ...message, content }
}
