import { within } from '../support/waiting.ts'
import type { Ask } from './journey.ts'
import { difference, type Fault, journeysIn, type SoakModel } from './model.ts'
import { type Outcome, readOutcome } from './outcome.ts'
import { PATH, toBody } from './talk.ts'
import type { Tally } from './tally.ts'

/** After this time an answer is lost, because every wait of the server is shorter. */
const LOST_MS = 90_000

/** As what the client must hear of the model's faults. */
const FAILURE = {
  'status 429': 'rate_limited',
  'status 500': 'upstream',
  'status 529': 'overloaded',
  'cut at start': 'upstream',
  'cut in the middle': 'upstream',
  'error in the middle': 'overloaded',
  'no bytes': 'timeout',
  stall: 'timeout',
} as const satisfies Record<Fault, string>

/** The type of a model failure in each dialect. */
const ERROR_TYPE = {
  chat: {
    rate_limited: 'rate_limit_error',
    ...{ overloaded: 'server_error', upstream: 'server_error', timeout: 'server_error' },
  },
  messages: {
    ...{ rate_limited: 'rate_limit_error', overloaded: 'overloaded_error' },
    ...{ upstream: 'api_error', timeout: 'timeout_error' },
  },
} as const

export type Target = { url: string; model: SoakModel; tally: Tally }

/** Asks, reads and judges; true if the answer is right and whole, and can be gone on from. */
export async function put(ask: Ask, { url, model, tally }: Target): Promise<boolean> {
  const { talk, plan, stream, leaves } = ask
  const client = new AbortController()
  const leave = () => client.abort(new Error('left'))
  let frames = 0
  const onFrame = () => {
    if (leaves && 'atFrame' in leaves && ++frames >= leaves.atFrame) leave()
  }
  const send = async () => {
    const response = await fetch(url + PATH[talk.dialect], {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/json', connection: 'close' },
        ...(talk.dialect === 'chat'
          ? { authorization: `Bearer ${talk.key}` }
          : { 'x-api-key': talk.key }),
      },
      body: JSON.stringify(toBody(talk, stream)),
      signal: client.signal,
    })
    return readOutcome(talk.dialect, response, onFrame)
  }
  const timer = leaves && 'afterMs' in leaves ? setTimeout(leave, leaves.afterMs) : undefined
  model.expect(plan)
  tally.begin(ask)
  try {
    const outcome = await within(send(), LOST_MS, `the answer to ${plan.token}`)
    tally.worker(outcome)
    const verdict = judge(ask, outcome, model.timesAsked(plan))
    tally.end(verdict)
    return verdict.kind === 'right'
  } catch (error) {
    if (client.signal.aborted) tally.end({ kind: 'left' })
    else tally.end({ kind: 'lost', text: `${plan.token}: ${String(error)}` })
    return false
  } finally {
    clearTimeout(timer)
    client.abort()
    model.forget(plan)
  }
}

export type Verdict =
  /** As the model said it, to the last byte. */
  | { kind: 'right' }
  /** The error that the model's fault is to the client. */
  | { kind: 'proper error' }
  /** The client disconnected by itself. */
  | { kind: 'left' }
  | { kind: 'wrong' | 'lost' | 'mixed'; text: string }

function judge({ talk, plan, stream }: Ask, outcome: Outcome, asked: number): Verdict {
  const { token, reply, fault } = plan
  const wrong = (text: string): Verdict => ({ kind: 'wrong', text: `${token}: ${text}` })
  const due = reply.pieces.join('')
  const strangers = [...journeysIn(outcome.text)].filter((journey) => journey !== talk.journey)
  if (strangers.length > 0) {
    return { kind: 'mixed', text: `${token} got words of ${strangers.join()}` }
  }
  if (fault === undefined) {
    if (outcome.error !== undefined || outcome.status !== 200) {
      const { status, error } = outcome
      return { kind: 'lost', text: `${token}: ${status} ${error}, asked ${asked} times` }
    }
    if (!outcome.whole) return wrong('it looks cut off')
    if (outcome.text !== due) return wrong(difference(outcome.text, due))
    if (!Bun.deepEquals(outcome.calls, [...reply.calls])) return wrong('other calls')
    if (outcome.stop !== reply.stop) return wrong(`stop ${outcome.stop}, due ${reply.stop}`)
    return asked === 1 ? { kind: 'right' } : wrong(`the model was asked ${asked} times`)
  }
  const failure = FAILURE[fault]
  const type = ERROR_TYPE[talk.dialect][failure]
  if (outcome.whole) return wrong(`a whole answer in spite of '${fault}'`)
  if (outcome.error !== type) return wrong(`'${fault}' is ${outcome.error}, due ${type}`)
  if (outcome.stop !== undefined) return wrong(`'${fault}' has the stop ${outcome.stop}`)
  if (!due.startsWith(outcome.text)) return wrong(difference(outcome.text, due))
  if (outcome.status === 200 && !stream) return wrong(`'${fault}' is a 200`)
  const temporary = failure === 'rate_limited' || failure === 'overloaded'
  const hasTime = outcome.retryAfter !== null
  if (outcome.status !== 200 && temporary !== hasTime) return wrong(`'${fault}': no Retry-After`)
  return { kind: 'proper error' }
}
