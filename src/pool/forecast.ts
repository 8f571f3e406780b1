import { sizeOf } from '../conversation/size.ts'
import type { Conversation, Message } from '../conversation/types.ts'
import { digestOf } from './digest.ts'

/** How many of the last new conversations say what is usual. */
const REMEMBERED = 16
/** How long they say so: what a client sent is not to stay long after it left. */
const HABIT_MS = 15 * 60_000
/** Conversations whose ends are told apart. */
const MAX_CONVERSATIONS = 64
/** About as long as a worker takes to boot: what begins within it needs a worker of its own. */
const BOOT_MS = 2_000
/** How long a burst, or a long history, is expected to come again. */
const EXPECTED_MS = 60_000
/**
 * From here on a file is the faster way to bring a history in: what each message costs a booted
 * worker is more than what reading a file does (docs/performance.md).
 */
export const LONG_HISTORY = 48

/** Of more characters nothing is kept: the guesses of all clients are 16 MB together. */
const MAX_CHARS = 512 * 1024

/** The beginning of a conversation that is likely to be asked for again. */
export type Guess = {
  key: string
  conversation: Conversation
  /** How many of its messages are part of the guess; none: only what comes before them. */
  count: number
}

/**
 * What a pristine worker is ready for. `any`: whatever comes. `long`: a long history, which it
 * reads from a file. `guess`: a conversation that begins as guessed, which it has been given.
 */
export type Purpose =
  | { for: 'any' }
  | { for: 'long'; model: string }
  | { for: 'guess'; guess: Guess }

export function isSame(a: Purpose, b: Purpose): boolean {
  if (a.for === 'guess' && b.for === 'guess') return a.guess.key === b.guess.key
  // Any of them could read any history, but each model's form has to be learned first.
  if (a.for === 'long' && b.for === 'long') return a.model === b.model
  return a.for === b.for
}

type Beginning = { key: string; conversation: Conversation; at: number }

/** Learns from requests what the next ones will need. It may be wrong: then a guess is of no use. */
export class Forecast {
  readonly #now: () => number
  /** The last new conversations, oldest first, without their messages. */
  readonly #begun: Beginning[] = []
  /** When workers were needed, while it matters. */
  #needs: number[] = []
  #peak = { size: 0, at: 0 }
  /** How often a conversation came back and was not where its worker stood. */
  readonly #missed = new Map<string, number>()
  #changing: { guess: Guess; at: number } | undefined
  #long: { model: string; at: number } | undefined

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** A request that needs another worker than one it had before; what it brings is its client's. */
  note(client: string, conversation: Conversation): void {
    this.#noteNeed()
    const { messages, model } = conversation
    if (messages.length > LONG_HISTORY) this.#long = { model, at: this.#now() }
    const bare = { ...conversation, messages: [] }
    if (!isForeseeable(bare)) return
    this.#begun.push({ key: guessKey(client, bare, 0), conversation: bare, at: this.#now() })
    if (this.#begun.length > REMEMBERED) this.#begun.shift()
    if (messages.length > 1 && isForeseeable(conversation)) this.#noteMiss(client, conversation)
  }

  /** The model that most of the last conversations were for. */
  get usualModel(): string | undefined {
    return mostFrequent(this.#begun.map(({ conversation }) => conversation.model))?.value
  }

  /**
   * What pristine workers are wanted for, the most important first: `floor` of them for whatever
   * comes, beside them as many guesses at most, then what a burst like the last would need.
   */
  wanted({ floor, most }: { floor: number; most: number }): Purpose[] {
    this.#forgetHabits()
    if (floor === 0) return []
    const more = Math.max(0, Math.min(this.#burst, most) - floor)
    return [...forAny(floor), ...this.#guessed().slice(0, floor), ...forAny(more)]
  }

  /** The supply asks what is wanted every now and then, whether anybody is there or not. */
  #forgetHabits(): void {
    const old = this.#begun.findLastIndex(({ at }) => this.#now() - at >= HABIT_MS)
    this.#begun.splice(0, old + 1)
  }

  /** Most likely first. */
  #guessed(): Purpose[] {
    // What is not expected any more is forgotten: it holds what somebody said.
    this.#changing = this.#ifExpected(this.#changing)
    this.#long = this.#ifExpected(this.#long)
    const begun = this.#changing ? [this.#changing.guess] : []
    return [
      ...begun.map((guess): Purpose => ({ for: 'guess', guess })),
      ...(this.#long ? [{ for: 'long', model: this.#long.model } as const] : []),
      ...this.#usualBeginning().map((guess): Purpose => ({ for: 'guess', guess })),
    ]
  }

  #ifExpected<T extends { at: number }>(seen: T | undefined): T | undefined {
    return seen && this.#now() - seen.at < EXPECTED_MS ? seen : undefined
  }

  /** How many new conversations begin at about the same time. */
  get #burst(): number {
    return this.#now() - this.#peak.at < EXPECTED_MS ? this.#peak.size : 0
  }

  /** What most clients have before their messages: once is no habit, and nothing costs nothing. */
  #usualBeginning(): Guess[] {
    const usual = mostFrequent(this.#begun.map(({ key }) => key))
    const last = this.#begun.findLast(({ key }) => key === usual?.value)
    if (!usual || usual.times < 2 || !last) return []
    const { system, tools, outputSchema } = last.conversation
    if (system === '' && tools.length === 0 && !outputSchema) return []
    return [{ key: last.key, conversation: last.conversation, count: 0 }]
  }

  #noteNeed(): void {
    const now = this.#now()
    this.#needs = [...this.#needs.filter((at) => now - at < BOOT_MS), now]
    if (this.#needs.length >= this.#burst) this.#peak = { size: this.#needs.length, at: now }
  }

  /** A client that changes the end of its history does so each time: the rest comes again. */
  #noteMiss(client: string, conversation: Conversation): void {
    const start = guessKey(client, conversation, 1)
    const times = (this.#missed.get(start) ?? 0) + 1
    this.#missed.delete(start)
    this.#missed.set(start, times)
    const [oldest] = this.#missed.keys()
    if (this.#missed.size > MAX_CONVERSATIONS && oldest !== undefined) this.#missed.delete(oldest)
    const count = conversation.messages.length - 1
    if (times < 2 || conversation.messages[count - 1]?.role !== 'assistant') return
    const guess = { key: guessKey(client, conversation, count), conversation, count }
    this.#changing = { guess, at: this.#now() }
  }
}

/** Whether a conversation is small enough to be kept, and compared with what is kept. */
export function isForeseeable(conversation: Conversation): boolean {
  const { text, data } = sizeOf(conversation)
  return text + data <= MAX_CHARS
}

/**
 * A name for all that a worker is given ahead of a request: equal only if it is the same to the
 * letter and for the same client, because what has been given cannot be taken back.
 */
export function guessKey(client: string, conversation: Conversation, count: number): string {
  const { system, tools, outputSchema, model, effort } = conversation
  const messages: readonly Message[] = conversation.messages.slice(0, count)
  // With messages in, a change of the model would be told to the model.
  const given = [client, system, tools, outputSchema, count > 0 && [model, effort, messages]]
  return `${count} ${digestOf(given)}`
}

function mostFrequent(values: readonly string[]): { value: string; times: number } | undefined {
  const times = new Map<string, number>()
  for (const value of values) times.set(value, (times.get(value) ?? 0) + 1)
  const [first] = [...times].toSorted(([, a], [, b]) => b - a)
  return first && { value: first[0], times: first[1] }
}

function forAny(count: number): Purpose[] {
  return Array.from({ length: count }, () => ({ for: 'any' }))
}
