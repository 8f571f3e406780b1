import {
  messageReply,
  messageStart,
  type ReplyBlock,
  sseReply,
} from '../../src/demo/message-stream.ts'
import { errorReply, type ModelRequest, type Script } from '../../src/demo/model-api.ts'
import { conversationOf, systemOf } from '../support/servers/model-api.ts'
import { aborted } from '../support/waiting.ts'
import type { Call } from './talk.ts'

const FIRST_TOKEN_MS = 50
/** No model answers sooner, and a whole answer in one burst could outrun the block: see `SecondRequestBlock`. */
const CUT_OFF_MS = 300
const CUT_OFF = new Set<Reply['stop']>(['max_tokens', 'refusal'])
/** Every so many pieces the model takes a breath. */
const PIECES_A_BREATH = 25

export type Reply = {
  pieces: readonly string[]
  thinking: string
  calls: readonly Call[]
  stop: 'end_turn' | 'tool_use' | 'max_tokens' | 'refusal'
}

/** How a request to the model can go wrong. */
export const FAULTS = [
  ...(['status 429', 'status 500', 'status 529'] as const),
  ...(['cut at start', 'cut in the middle', 'error in the middle', 'no bytes', 'stall'] as const),
] as const
export type Fault = (typeof FAULTS)[number]

export type Plan = {
  token: string
  /** Of the client that asks: no session of the CLI may serve two of them. */
  key: string
  reply: Reply
  fault: Fault | undefined
  /** What the model API must get. */
  system: string
  upstream: readonly object[]
}

const SESSION = /session_id\\":\\"([\da-f-]{36})/
const TOKEN = /tok-(\d+)-\d+-tok/g

/** Names a request; the name is in the prompt and in the answer. */
export function createToken(journey: number, ask: number): string {
  return `tok-${journey}-${ask}-tok`
}

/** The journeys whose tokens stand in a text. */
export function journeysIn(text: string): Set<number> {
  return new Set([...text.matchAll(TOKEN)].map(([, journey]) => Number(journey)))
}

export type Finding = { kind: 'wrong' | 'mixed' | 'doubled'; text: string }

/** The scripted model: the token in the last message decides what it answers, and how it fails. */
export class SoakModel {
  readonly #plans = new Map<string, Plan>()
  readonly #asked = new Map<string, number>()
  /** The sessions of the CLI, and the key that each of them serves. */
  readonly sessions = new Map<string, string>()
  readonly #report: (finding: Finding) => void

  constructor(report: (finding: Finding) => void) {
    this.#report = report
  }

  expect(plan: Plan): void {
    this.#plans.set(plan.token, plan)
  }

  /** How often the model was asked for it so far. */
  timesAsked({ token }: Plan): number {
    return this.#asked.get(token) ?? 0
  }

  /** Its conversation may be forgotten; asked for once more, it is known to be too late. */
  forget({ token }: Plan): void {
    this.#plans.delete(token)
  }

  readonly script: Script = async (request) => {
    const conversation = conversationOf(request)
    const token = JSON.stringify(conversation.at(-1)).match(TOKEN)?.at(-1) ?? 'no token'
    const asked = (this.#asked.get(token) ?? 0) + 1
    this.#asked.set(token, asked)
    const plan = this.#plans.get(token)
    if (asked > 1) {
      const how = plan ? (plan.fault ?? plan.reply.stop) : 'after its end'
      this.#report({ kind: 'doubled', text: `${token} was asked ${asked} times (${how})` })
    }
    // A client that has left may have been quicker than its own request. No 400: on that the CLI
    // tries again without some of its features.
    if (!plan) return errorReply(403, 'permission_error', `${token} is not expected`)
    this.#compare(plan, request, conversation)
    this.#noteSession(plan, request)
    return answer(plan, request.signal)
  }

  #noteSession({ token, key }: Plan, { text }: ModelRequest): void {
    const session = SESSION.exec(text)?.[1] ?? 'none'
    const owner = this.sessions.get(session) ?? key
    this.sessions.set(session, owner)
    if (owner === key) return
    this.#report({ kind: 'mixed', text: `${token}: one session serves two keys` })
  }

  #compare({ token, system, upstream }: Plan, request: ModelRequest, received: object[]): void {
    if (journeysIn(request.text).size !== 1) {
      this.#report({
        kind: 'mixed',
        text: `the request of ${token} holds words of another: ${[...journeysIn(request.text)].join(', ')}`,
      })
    }
    const said = systemOf(request).join()
    const messages = received.map(withoutThinking)
    if (said === system && Bun.deepEquals(messages, upstream)) return
    const [got, due] = [JSON.stringify([said, messages]), JSON.stringify([system, upstream])]
    this.#report({ kind: 'wrong', text: `upstream of ${token}: ${difference(got, due)}` })
  }
}

/** The place where two texts differ, with the text there. */
export function difference(got: string, due: string): string {
  let at = 0
  while (at < got.length && got[at] === due[at]) at++
  const part = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 40), at + 80))
  return `at ${at} of ${due.length}: got ${part(got)}, due ${part(due)}`
}

/** A live worker keeps the model's thoughts; clients do not send them back. */
function withoutThinking(message: object): object {
  if (!('content' in message) || !Array.isArray(message.content)) return message
  const content = message.content.filter(({ type }: { type: string }) => type !== 'thinking')
  return { ...message, content }
}

async function answer({ reply, fault }: Plan, signal: AbortSignal): Promise<Response> {
  if (fault === 'no bytes') await aborted(signal)
  await Bun.sleep(CUT_OFF.has(reply.stop) ? CUT_OFF_MS : FIRST_TOKEN_MS)
  switch (fault) {
    case 'status 429':
      return errorReply(429, 'rate_limit_error', 'too much')
    case 'status 500':
      return errorReply(500, 'api_error', 'broken')
    case 'status 529':
      return errorReply(529, 'overloaded_error', 'Overloaded')
    case 'no bytes':
    case undefined:
      return messageReply(blocksOf(reply), { stopReason: reply.stop, pace: breaths() })
    default:
      return sseReply(broken(reply, fault, signal))
  }
}

function blocksOf({ thinking, pieces, calls }: Reply): ReplyBlock[] {
  return [
    ...(thinking === '' ? [] : [{ type: 'thinking' as const, thinking: [thinking, '.'] }]),
    ...(pieces.length === 0 ? [] : [{ type: 'text' as const, text: pieces }]),
    ...calls.map((call) => ({ type: 'tool_use' as const, ...call })),
  ]
}

function breaths(): () => Promise<void> {
  let pieces = 0
  return async () => {
    if (++pieces % PIECES_A_BREATH === 0) await Bun.sleep(1)
  }
}

/** The first half of an answer, and then what goes wrong. */
async function* broken(
  { pieces }: Reply,
  fault: 'cut at start' | 'cut in the middle' | 'error in the middle' | 'stall',
  signal: AbortSignal,
) {
  yield messageStart()
  if (fault === 'cut at start') throw new Error(fault)
  yield { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
  for (const text of pieces.slice(0, Math.ceil(pieces.length / 2))) {
    yield { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }
  }
  // So that the text is sent before the connection closes.
  await Bun.sleep(FIRST_TOKEN_MS)
  if (fault === 'stall') await aborted(signal)
  if (fault !== 'error in the middle') throw new Error(fault)
  yield { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
}
