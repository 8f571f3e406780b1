import { CallIds } from '../../conversation/call-ids.ts'
import type { MessageDigest, Need } from '../../conversation/need.ts'

/** A message that the CLI has. */
type Entry = MessageDigest & {
  /** The name under which it can be taken back, with all behind it; see `canBeCutAt`. */
  uuid: string | undefined
}

/** How much of a conversation a worker has, and how it goes on from there. */
export type Kept = {
  /** How many messages of the conversation stay; it is given the others. */
  count: number
  /** Whether messages that stand behind them must be taken back first. */
  cuts: boolean
}

/** What a CLI has of a conversation, message by message. */
export class Transcript {
  #beginning: string | undefined
  #voice: string | undefined
  #tools: string | undefined
  #day: string | undefined
  readonly #today: () => string
  #entries: Entry[] = []

  /** `today`: the date as the CLI tells it to the model, in local time. */
  constructor(today: () => string = () => new Date().toDateString()) {
    this.#today = today
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  get length(): number {
    return this.#entries.length
  }

  /** Whether the CLI has had its system prompt, which cannot be changed. */
  get hasBegun(): boolean {
    return this.#beginning !== undefined
  }

  /** The ids that are taken when the first `kept` messages stay and the others are given anew. */
  claimedIds({ messages }: Need, kept: number): CallIds {
    const claimed = new CallIds()
    for (const { callIds } of [...this.#entries.slice(0, kept), ...messages.slice(kept)]) {
      for (const id of callIds) claimed.claim(id)
    }
    return claimed
  }

  /** The ids of the calls in the last message. */
  get lastCallIds(): readonly string[] {
    return this.#entries.at(-1)?.callIds ?? []
  }

  begin({ beginning, voice, tools }: Need): void {
    this.#beginning = beginning
    this.#tools = tools
    this.#voice = voice
    if (this.isEmpty) this.#day = this.#today()
  }

  /** `uuid` names the last of them, if it is the user's and was given one. */
  add(messages: readonly MessageDigest[], uuid?: string): void {
    const last = messages.length - 1
    for (const [index, message] of messages.entries()) {
      this.#entries.push({ ...message, uuid: index === last ? uuid : undefined })
    }
  }

  /** Whether all of this is part of what is needed, in front of its last message. */
  isPartOf(need: Need): boolean {
    return this.#isFor(need) && !this.isEmpty && this.#shared(need) === this.#entries.length
  }

  /**
   * How much of what is needed can stay; undefined if the CLI cannot be used for it at all.
   * `isOpen`: its last turn waits for something and can only be taken back.
   */
  keeps(need: Need, isOpen: boolean): Kept | undefined {
    if (!this.hasBegun) return { count: 0, cuts: false }
    if (need.beginning !== this.#beginning) return undefined
    const shared = this.#isFor(need) ? this.#shared(need) : 0
    if (shared === this.#entries.length && !isOpen) return { count: shared, cuts: false }
    // What is given anew may answer calls in what stays, under the ids that the client gave them.
    const otherIds = this.#entries.findIndex(
      (entry, index) => index < shared && !isSameIds(entry, need.messages[index]),
    )
    const most = otherIds === -1 ? shared : otherIds
    const count = this.#entries.findLastIndex((_, index) => index <= most && this.canBeCutAt(index))
    return count === -1 ? undefined : { count, cuts: true }
  }

  /** A message that answers calls cannot be taken back without the one that made them. */
  canBeCutAt(index: number): boolean {
    const entry = this.#entries[index]
    return entry?.uuid !== undefined && !entry.hasResults
  }

  /** The last place at which the CLI can be made to forget the rest, or -1. */
  get lastCut(): number {
    return this.#entries.findLastIndex((_, index) => this.canBeCutAt(index))
  }

  /** The name of the message at this place, which can be cut at. */
  uuidAt(index: number): string {
    const uuid = this.#entries[index]?.uuid
    if (uuid === undefined) throw new Error(`Message ${index} cannot be taken back.`)
    return uuid
  }

  /** The name of the newest message that can be cut at. */
  get newest(): string {
    return this.uuidAt(this.lastCut)
  }

  /** Forgets all but the first `count` messages, as the CLI has. */
  cut(count: number): void {
    this.#entries = this.#entries.slice(0, count)
  }

  /**
   * Whether messages can stay. What the CLI has said behind them of model and date stays with them,
   * and so does each tool as it was when they were asked: under its name no other one is offered.
   */
  #isFor({ beginning, voice, tools }: Need): boolean {
    if (beginning !== this.#beginning) return false
    const isSame = voice === this.#voice && tools === this.#tools && this.#day === this.#today()
    return this.isEmpty || isSame
  }

  /** How many messages both begin with, but for the last one needed, which is to be asked. */
  #shared({ messages }: Need): number {
    const most = Math.min(messages.length - 1, this.#entries.length)
    let shared = 0
    while (shared < most && messages[shared]?.digest === this.#entries[shared]?.digest) shared++
    return shared
  }
}

function isSameIds(entry: Entry, message: MessageDigest | undefined): boolean {
  return (
    entry.callIds.length === message?.callIds.length &&
    entry.callIds.every((id, index) => id === message.callIds[index])
  )
}
