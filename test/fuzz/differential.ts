import { messageReply, type ReplyBlock } from '../../src/demo/message-stream.ts'
import type { ModelRequest } from '../../src/demo/model-api.ts'
import { startTestModelApi, type TestModelApi } from '../support/servers/model-api.ts'
import { startServer, type TestServer } from '../support/servers/server.ts'
import { type Answer, answerDifference, readAnswer } from './inputs/answers.ts'
import { comparable, type Difference, differences, parting } from './compare.ts'
import type { Conversation, Said } from './conversation.ts'
import { parseRaw } from './exact-json.ts'
import {
  PATH,
  type Previous,
  toChat,
  toMessages,
  toRequest,
  toResponses,
} from './inputs/requests.ts'
import { readUpstream, type Received } from './received.ts'
import type { Tally } from './tally.ts'
import { type Expected, fromChat, fromMessages, fromResponses } from './upstream.ts'

const ANSWER_MS = 60_000
/**
 * Behind some answers the CLI would ask once more. No model gives them sooner than this, and one in a
 * burst could outrun the block: see `SecondRequestBlock`.
 */
const CUT_OFF_MS = 300
const CUT_OFF = new Set<Said['stop']>(['max_tokens', 'refusal'])

/** Where a conversation differs from what was expected. */
export class Differs extends Error {
  readonly found: readonly Difference[]
  readonly step: number

  constructor(step: number, found: readonly Difference[]) {
    super(found.map(({ at, text }) => `${at}: ${text}`).join('\n'))
    this.step = step
    this.found = found
  }

  /** What kind of place it is in, whatever its number. */
  get kind(): string {
    return (this.found[0]?.at ?? '').replaceAll(/\d+/g, '')
  }
}

type Asked = { answer: Answer; received: Received }

type Asking = { step: number; stream: boolean; previous?: Previous | undefined }

type LaneParts = { server: TestServer; fresh: TestServer; api: TestModelApi }

/** Two servers with a model of their own, on which one conversation after another is played. */
export class Lane {
  readonly #server: TestServer
  /** Keeps no worker: whatever is asked is asked of one that has heard nothing. */
  readonly #fresh: TestServer
  readonly #api: TestModelApi
  readonly #tally: Tally

  private constructor({ server, fresh, api }: LaneParts, tally: Tally) {
    this.#server = server
    this.#fresh = fresh
    this.#api = api
    this.#tally = tally
  }

  static async start(tally: Tally): Promise<Lane> {
    const api = startTestModelApi()
    const settings = { 'max-workers': 4, 'warm-workers': 1 }
    const server = await startServer({ api, settings })
    const none = { 'idle-ttl': '1ms', 'park-ttl': '1ms' }
    const fresh = await startServer({
      api,
      settings: { 'max-workers': 3, 'warm-workers': 1, ...none },
    })
    return new Lane({ server, fresh, api }, tally)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#server.stop(), this.#fresh.stop()])
    await this.#api.stop()
  }

  /** Plays a conversation to its end, or to where it is refused; throws where it differs. */
  async play(conversation: Conversation): Promise<void> {
    const { from, steps, streams, style, dialect } = conversation
    let previous: Previous | undefined
    let received: Received | undefined
    for (let step = from; step < steps.length; step++) {
      const stream = streams[step] ?? false
      const asked = await this.#ask(this.#server, conversation, { step, stream, previous })
      if (!asked) return
      this.#tally.answered(asked.answer)
      received = asked.received
      const { id } = asked.answer
      const goesOn = dialect === 'responses' && style.stored && id !== undefined
      previous = goesOn ? { id, from: step + 1 } : undefined
    }
    if (received) await this.#again(conversation, received)
  }

  /** The last question again: a new worker must send the same bytes. */
  async #again(conversation: Conversation, received: Received): Promise<void> {
    const step = conversation.steps.length - 1
    const stream = !(conversation.streams[step] ?? false)
    const again = await this.#ask(this.#fresh, conversation, { step, stream })
    if (!again) return
    this.#tally.answered(again.answer)
    // Only Anthropic's API has several texts in an answer to send back.
    const options = { joined: conversation.dialect !== 'messages', keepIds: true }
    const [live, seeded] = [received, again.received].map((one) => comparable(one, options))
    // What is named is compared with what is due, above; here it may stand elsewhere.
    if (live === seeded || again.answer.named.length > 0) return
    throw new Differs(step, [{ at: 'among the ways', text: parting(seeded ?? '', live ?? '') }])
  }

  async #ask(
    { url }: TestServer,
    conversation: Conversation,
    asking: Asking,
  ): Promise<Asked | undefined> {
    const api = this.#api
    const { dialect, steps } = conversation
    const { step } = asking
    const said = steps[step]?.said
    if (!said) throw new Error(`There is no step ${step}.`)
    const fail = (at: string, text: string) => new Differs(step, [{ at, text }])
    const failed = (error: unknown): never => {
      throw fail('the answer', String(error))
    }
    const late = api.requests.length
    api.forget()
    if (late > 0) throw fail('POSTs', `${late} after the end of the turn before`)
    api.answerWith((request) => reply(said, request))
    const response = await fetch(url + PATH[dialect], {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: toRequest(conversation, asking),
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch(failed)
    const answer = await readAnswer(dialect, response).catch(failed)
    this.#tally.asked(conversation)
    const posts = api.requests.length
    const [request] = api.requests
    api.forget()
    if (answer.refusal) {
      const { param, message } = answer.refusal
      const isProper = answer.status >= 400 && answer.status < 500 && param && posts === 0
      if (!isProper) throw fail('the answer', `${answer.status} ${message} (${posts} POSTs)`)
      this.#tally.refused(param)
      return undefined
    }
    if (posts !== 1 || !request) throw fail('POSTs', `${posts} for one turn`)
    const joined = dialect !== 'messages'
    const due = expectation(conversation, step)
    const received = parsed(
      () => readUpstream(request.text),
      (text) => fail('upstream', text),
    )
    const named = answer.named.map((path) => movedBy(path, storedItems(conversation, asking)))
    const found = differences(due, received, { named, joined })
    if (found.length > 0) throw new Differs(step, found)
    const wrong = answerDifference(dialect, said, answer)
    if (wrong !== undefined) throw fail('the answer', wrong)
    return { answer, received }
  }
}

function parsed<T>(read: () => T, toError: (text: string) => Error): T {
  try {
    return read()
  } catch (error) {
    throw toError(String(error))
  }
}

/** How many items of `input` are stored, and not sent with this request. */
function storedItems(conversation: Conversation, { step, previous }: Asking): number {
  if (!previous) return 0
  const { from } = previous
  const [whole, sent] = [{ step }, { step, from }].map((asked) => toResponses(conversation, asked))
  return (whole?.input.length ?? 0) - (sent?.input.length ?? 0)
}

/** A place in what is sent as the place in what is due, which has all that was stored before it. */
function movedBy(path: string, count: number): string {
  return path.replace(/^input\[(\d+)\]/, (_, index: string) => `input[${Number(index) + count}]`)
}

function expectation(conversation: Conversation, step: number): Expected {
  switch (conversation.dialect) {
    case 'chat':
      return fromChat(toChat(conversation, step))
    case 'responses':
      return fromResponses(toResponses(conversation, { step }))
    case 'messages':
      return fromMessages(toMessages(conversation, step))
    default:
      return conversation.dialect satisfies never
  }
}

async function reply({ texts, calls, stop }: Said, { body }: ModelRequest): Promise<Response> {
  const offered = new Set(body.tools?.map(({ name }) => name))
  const isOdd = CUT_OFF.has(stop) || calls.some(({ name }) => !offered.has(name))
  if (isOdd) await Bun.sleep(CUT_OFF_MS)
  const blocks = [
    ...texts.map((text): ReplyBlock => ({ type: 'text', text: halves(text) })),
    ...calls.map(({ id, name, json }): ReplyBlock => {
      return { type: 'tool_use', id, name, input: parseRaw(json) }
    }),
  ]
  return messageReply(blocks, { stopReason: stop })
}

function halves(text: string): string[] {
  // In whole characters, because a model cannot send half of one.
  const points = Array.from(text)
  const middle = Math.ceil(points.length / 2)
  return [points.slice(0, middle).join(''), points.slice(middle).join('')]
}
