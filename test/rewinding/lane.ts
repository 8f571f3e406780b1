import type { Turn } from '../../src/claude/turn.ts'
import type { Worker } from '../../src/claude/worker.ts'
import { type Need, needOf, type Offer } from '../../src/conversation/need.ts'
import type { TurnEvent } from '../../src/conversation/types.ts'
import type { ModelRequest } from '../../src/demo/model-api.ts'
import { Random } from '../soak/random.ts'
import { aborted, within } from '../support/waiting.ts'
import { type Bed, startBed } from './bed.ts'
import { Client, type Talk } from './client.ts'
import { Differs, Judge } from './judge.ts'
import { isLeft, makeReply, type Reply } from './replies.ts'
import type { Sent } from './sent.ts'
import { type Setup, withMessages } from './setups.ts'
import { Words } from './words.ts'

const TURN_MS = 30_000
/** Usual are a few milliseconds. */
const CLOSED_MS = 5_000
/** How many moves are told when something is wrong. */
const TOLD_MOVES = 12

export type LaneOptions = {
  seed: number
  setups: readonly Setup[]
  /** Every so many requests a fresh worker is asked the same, and all of it compared. */
  freshEvery: number
  /** Told of each thing that was done. */
  count: (what: string) => void
}

/** One worker, one client and the model that answers them, move after move. */
export class Lane {
  readonly #bed: Bed = startBed()
  readonly #judge = new Judge(this.#bed)
  readonly #random: Random
  readonly #words: Words
  readonly #client: Client
  readonly #options: LaneOptions
  readonly #moves: string[] = []
  #worker: Worker | undefined
  #compared = 0

  constructor(options: LaneOptions) {
    this.#options = options
    this.#random = new Random(options.seed)
    this.#words = new Words(this.#random)
    this.#client = new Client(this.#random, this.#words, options.setups)
  }

  async stop(): Promise<void> {
    await this.#worker?.end()
    await this.#bed.stop()
  }

  /** One request, whatever becomes of it; throws where it is not what it should be. */
  async move(): Promise<void> {
    const { step, ...talk } = this.#client.next()
    const reply = makeReply(this.#random, this.#words, talk.setup)
    this.#note(`${step} ${talk.messages.length} ${talk.setup.model} ${reply.ending}`)
    try {
      for (const what of [step, reply.ending]) this.#options.count(what)
      const sent = await this.#play(talk, reply)
      if (sent && ++this.#compared % this.#options.freshEvery === 0) {
        await this.#judge.checkBesideFresh(sent, talk)
        this.#options.count('compared with a fresh worker')
      }
    } catch (error) {
      throw new Error(`After:\n${this.#moves.join('\n')}`, { cause: error })
    }
  }

  async #play(talk: Talk, reply: Reply): Promise<Sent | undefined> {
    const { setup, messages } = talk
    const due = await this.#judge.due(talk)
    const need = await needOf('client', withMessages(setup, messages))
    const { worker, offer } = await this.#workerFor(need)
    this.#note(`  ${offer.how}, ${offer.kept} kept`)
    this.#options.count(offer.how)
    const { api } = this.#bed
    api.answerWith(reply.script)
    const turn = worker.run(need)
    const text = await read(turn, reply)
    await turn.finished
    const isReady = await worker.settled
    const requests = [...api.requests]
    api.forget()
    const sent = this.#judge.check(requests, { due, messages, reply })
    if (sent) this.#options.count('compared')
    if (isLeft(reply.ending)) await closed(requests)
    if (!isReady) {
      this.#options.count(`lost at ${reply.ending}`)
      await this.#drop()
    }
    this.#remember(talk, reply, { turn, text })
    return sent
  }

  #remember(
    { setup, messages }: Talk,
    reply: Reply,
    { turn, text }: { turn: Turn; text: string },
  ): void {
    const { message } = reply
    if (message) {
      if (turn.failure) throw new Differs('the turn', turn.failure.message)
      this.#judge.checkAnswer(text, message)
      this.#judge.noteThoughts(reply)
    }
    this.#client.remember({ setup, messages: message ? [...messages, message] : messages })
  }

  async #workerFor(need: Need): Promise<{ worker: Worker; offer: Offer }> {
    const offer = this.#worker?.isWorn ? undefined : this.#worker?.offer(need)
    if (this.#worker && offer) return { worker: this.#worker, offer }
    if (this.#worker) this.#options.count('no offer')
    await this.#drop()
    this.#options.count('booted')
    const worker = await this.#bed.boot()
    this.#worker = worker
    const pristine = worker.offer(need)
    if (!pristine) throw new Differs('the worker', 'a fresh one takes nothing')
    return { worker, offer: pristine }
  }

  async #drop(): Promise<void> {
    await this.#worker?.end()
    this.#worker = undefined
  }

  #note(line: string): void {
    this.#moves.push(line)
    if (this.#moves.length > 2 * TOLD_MOVES) this.#moves.shift()
  }
}

/** The text of the answer, as far as the client waits for it. */
async function read(turn: Turn, { ending }: Reply): Promise<string> {
  if (ending === 'unasked') turn.cancel()
  if (ending === 'waiting') void turn.requested.then(() => turn.cancel())
  let text = ''
  const sink = new WritableStream<TurnEvent>({
    write(event) {
      if (event.type === 'text') text += event.text
      if (ending === 'answering' && event.type === 'text') turn.cancel()
      if (ending === 'calling' && event.type === 'tool_arguments') turn.cancel()
    },
  })
  await within(turn.events.pipeTo(sink), TURN_MS, `the end of '${ending}'`)
  return text
}

/** A request that nobody waits for any more must not go on. */
async function closed(requests: readonly ModelRequest[]): Promise<void> {
  const ends = requests.map(({ signal }) => aborted(signal))
  await within(Promise.all(ends), CLOSED_MS, 'the end of a request whose client has left')
}
