import type { TurnEvent } from '../conversation/types.ts'
import { TurnError } from '../errors.ts'
import type { Caller } from '../pool/caller.ts'
import type { Answer } from '../pool/pool.ts'

/** When a client over its limit should try again: about the length of a short answer. */
const RETRY_AFTER_S = 2

/** Passes a turn on, and releases its place when it ends. */
type Hold = (turn: Promise<Answer>) => Promise<Answer>

/** Limits how many turns a client may have at a time, waiting or running; 0: no limit. */
export class KeyLimit {
  readonly #limit: number
  readonly #taken = new Map<string, number>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Reserves places for all turns of one request, or throws. `hold` must then be called for each.
   */
  take({ client, signal }: Caller, turns: number): Hold {
    if (this.#limit === 0) return (turn) => turn
    if (turns > this.#limit) {
      const message = `The request asks for ${turns} answers at once; a key may have ${this.#limit} at a time.`
      throw new TurnError('invalid_request', message)
    }
    const taken = this.#taken.get(client) ?? 0
    if (taken + turns > this.#limit) {
      const message = `This key has ${taken} conversations running, its limit is ${this.#limit}. Wait for one to end.`
      throw new TurnError('queue_full', message, { retryAfterS: RETRY_AFTER_S })
    }
    this.#taken.set(client, taken + turns)
    return (turn) => hold(turn, signal, () => this.#giveBack(client))
  }

  #giveBack(client: string): void {
    const left = (this.#taken.get(client) ?? 0) - 1
    if (left > 0) this.#taken.set(client, left)
    else this.#taken.delete(client)
  }
}

/** A turn ends with its last event, with a failure, or when its reader or client is gone. */
async function hold(
  turn: Promise<Answer>,
  signal: AbortSignal,
  giveBack: () => void,
): Promise<Answer> {
  const release = once(giveBack)
  signal.addEventListener('abort', release, { once: true })
  try {
    const { events, ...facts } = await turn
    return { ...facts, events: whenOver(events, release) }
  } catch (error) {
    release()
    throw error
  }
}

/** The same events, passed on one by one as they are read. */
function whenOver(
  events: ReadableStream<TurnEvent>,
  release: () => void,
): ReadableStream<TurnEvent> {
  const reader = events.getReader()
  return new ReadableStream<TurnEvent>(
    {
      async pull(controller) {
        const { value, done } = await reader.read()
        if (!done) return controller.enqueue(value)
        release()
        controller.close()
      },
      cancel(reason) {
        release()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (!done) action()
    done = true
  }
}
