import { createToken, FAULTS, type Plan, type Reply } from './model.ts'
import { Random } from './random.ts'
import { createCall, type Dialect, type Entry, type Talk, toUpstream } from './talk.ts'

/** The share of requests that the model fails. */
const FAULT_SHARE = 0.05
const ABORT_SHARE = 0.08
const MAX_TRIES = 3

/** What a conversation is mainly about, by how many of a hundred are. */
const KINDS = [
  ...[['single', 22] as const, ['further', 30] as const, ['tools', 22] as const],
  ...[['history', 8] as const, ['big', 4] as const, ['image', 6] as const, ['long', 8] as const],
] as const
type Kind = (typeof KINDS)[number][0]

export type Ask = {
  talk: Talk
  plan: Plan
  kind: Kind
  stream: boolean
  /** When the client leaves: some milliseconds after it asked, or at some frame. */
  leaves: { afterMs: number } | { atFrame: number } | undefined
}

/** Puts a question; false if the answer is not one to go on from. */
export type Put = (ask: Ask) => Promise<boolean>

const WORDS = [
  ...['ein ', 'Wort ', 'und noch ', 'eins, ', '«quoted» ', '日本語 ', '🦩 ', '\n\n', '\t- '],
  ...['{"a": 1} ', '</tool_call> ', '@/etc/hostname ', '/help ', '!ls ', 'data: ', '\\n ', '%s '],
] as const
const CUT_OFF = ['max_tokens', 'refusal'] as const
/** A red pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
/** Below the size at which the CLI refuses a message, and above that of a pipe. */
const BIG_CHARS = [60_000, 700_000] as const

/**
 * One conversation from its first question to its last: how it goes is decided by the seed and its
 * number alone. `mayAsk` says whether there may be another request.
 */
export async function runJourney(
  { seed, number, key }: { seed: number; number: number; key: string },
  put: Put,
  mayAsk: () => boolean,
): Promise<void> {
  const random = new Random(seed, number)
  const kind = random.weighted<Kind>(KINDS)
  const dialect = random.pick<Dialect>(['chat', 'chat', 'messages'])
  const opening = {
    ...{ journey: number, key, dialect },
    system: systemOf(random, number),
    toolNote: kind === 'tools' ? toolNoteOf(random, number) : '',
  }
  const entries: Entry[] = kind === 'history' ? pastOf(random, number) : []
  const turns = kind === 'further' ? random.int(3, 8) : 1
  let asks = 0

  for (let turn = 0; turn < turns; turn++) {
    // A turn with tools has rounds: the results of calls are asked about like words of a user.
    let rounds = kind === 'tools' ? random.int(1, 3) : 0
    let calls: Reply['calls'] | undefined
    for (let tries = 0; calls === undefined || calls.length > 0;) {
      if (!mayAsk()) return
      const token = createToken(number, ++asks)
      const asked = calls
        ? { role: 'results' as const, results: resultsOf(calls, token, random) }
        : userEntry(kind, token, random)
      const reply = createReply(random, { kind, token, calls: rounds > 0 ? random.int(1, 3) : 0 })
      const talk: Talk = { ...opening, entries: [...entries, asked] }
      const plan = createPlan(random, talk, token, reply)
      const stream = random.chance(0.5)
      if (!(await put({ talk, plan, kind, stream, leaves: leaving(random) }))) {
        if (++tries < MAX_TRIES && random.chance(0.6)) continue
        return
      }
      rounds--
      calls = reply.calls
      entries.push(asked, { role: 'assistant', text: reply.pieces.join(''), calls })
    }
  }
}

/** Of nobody else, of a program that asks often, or none. */
function systemOf(random: Random, number: number): string {
  if (random.chance(0.05)) return `You are ${createToken(number, 0)}. ${prose(random, 20)}.`
  return random.chance(0.3) ? 'You are a program.' : ''
}

/** A tool of the same name says something else in each twentieth conversation. */
function toolNoteOf(random: Random, number: number): string {
  return `Looks ${random.chance(0.05) ? createToken(number, 0) : 'it'} up.`
}

function createPlan(random: Random, talk: Talk, token: string, reply: Reply): Plan {
  const fault = random.chance(FAULT_SHARE) ? random.pick(FAULTS) : undefined
  const { key, system } = talk
  return { token, key, reply, fault, system, upstream: toUpstream(talk) }
}

function createReply(
  random: Random,
  { kind, token, calls }: { kind: Kind; token: string; calls: number },
): Reply {
  const thinking = random.chance(0.1) ? prose(random, 5) : ''
  if (calls > 0) {
    const pieces = random.chance(0.5) ? [] : ['I ask ', `for ${token}.`]
    const ids = Array.from({ length: calls }, (_, index) => `toolu_${token}_${index}`)
    return { pieces, thinking, calls: ids.map((id) => createCall(id, token)), stop: 'tool_use' }
  }
  const length = kind === 'long' ? random.int(500, 3_000) : random.int(1, 60)
  const stop = random.chance(0.04) ? random.pick(CUT_OFF) : 'end_turn'
  const words = Array.from({ length }, () => random.pick(WORDS))
  return { pieces: [`${token} `, ...words, `${token}.`], thinking, calls: [], stop }
}

function userEntry(kind: Kind, token: string, random: Random): Entry {
  const size = kind === 'big' ? random.int(...BIG_CHARS) : 0
  const filler =
    size > 0
      ? prose(random, 200)
          .repeat(Math.ceil(size / 1_000))
          .slice(0, size)
          // A lone surrogate has no UTF-8 form, so it cannot be passed on unchanged.
          .toWellFormed()
      : ''
  const text = `${filler}${prose(random, 6)} say ${token} `
  return { role: 'user', text, ...(kind === 'image' && { image: PNG }) }
}

function resultsOf(calls: Reply['calls'], token: string, random: Random) {
  return calls.map(({ id }) => ({ id, text: `${prose(random, random.int(1, 300))} for ${token}` }))
}

/** A conversation that was had elsewhere. */
function pastOf(random: Random, number: number): Entry[] {
  const said = () => `${prose(random, 10)} ${createToken(number, 0)}`
  return Array.from({ length: random.int(1, 4) }, (): Entry[] => [
    { role: 'user', text: said() },
    { role: 'assistant', text: said(), calls: [] },
  ]).flat()
}

function leaving(random: Random): Ask['leaves'] {
  if (!random.chance(ABORT_SHARE)) return undefined
  return random.chance(0.5) ? { afterMs: random.int(0, 600) } : { atFrame: random.int(1, 5) }
}

function prose(random: Random, words: number): string {
  return Array.from({ length: words }, () => random.pick(WORDS)).join('')
}
