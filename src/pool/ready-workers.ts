import type { Worker } from './worker.ts'
import type { Conversation } from '../conversation/types.ts'
import { guessKey, isForeseeable, isSame, LONG_HISTORY, type Purpose } from './forecast.ts'

type Ready = { worker: Worker; purpose: Purpose }

/** The workers that wait for a conversation, oldest first. */
export class ReadyWorkers {
  #ready: Ready[] = []

  /** `pristine`: ready for anything; `prepared`: for a guess; `readers`: for long histories. */
  get counts() {
    const number = (kind: Purpose['for']) =>
      this.#ready.filter(({ purpose }) => purpose.for === kind).length
    return { pristine: number('any'), prepared: number('guess'), readers: number('long') }
  }

  put(ready: Ready): void {
    this.#ready.push(ready)
  }

  /** The worker that has least left to do for this conversation. */
  takeFor(client: string, conversation: Conversation): Worker | undefined {
    const [best] = this.#ready
      .filter(({ worker, purpose }) => isUseful(purpose, worker, client, conversation))
      .toSorted((a, b) => lead(b, conversation) - lead(a, conversation))
    return this.#remove(best)
  }

  /** Which of those wanted is neither here nor coming, or -1. */
  firstMissing(wanted: readonly Purpose[], coming: readonly Purpose[]): number {
    const there = [...this.#ready.map(({ purpose }) => purpose), ...coming]
    return wanted.findIndex((purpose, index) => {
      return occurrences(there, purpose) < occurrences(wanted.slice(0, index + 1), purpose)
    })
  }

  /** A worker beyond those wanted. */
  takeSurplus(wanted: readonly Purpose[]): Worker | undefined {
    const there = this.#ready.map(({ purpose }) => purpose)
    return this.#remove(
      this.#ready.find(({ purpose }) => occurrences(there, purpose) > occurrences(wanted, purpose)),
    )
  }

  /** One of those that are ready for anything. */
  takeAny(): Worker | undefined {
    return this.#remove(this.#ready.find(({ purpose }) => purpose.for === 'any'))
  }

  /** False if it was not here. */
  forget(worker: Worker): boolean {
    return this.#remove(this.#ready.find((ready) => ready.worker === worker)) !== undefined
  }

  takeAll(): Worker[] {
    return this.#ready.splice(0).map(({ worker }) => worker)
  }

  #remove(ready: Ready | undefined): Worker | undefined {
    if (!ready) return undefined
    this.#ready = this.#ready.filter((other) => other !== ready)
    return ready.worker
  }
}

function occurrences(purposes: readonly Purpose[], purpose: Purpose): number {
  return purposes.filter((other) => isSame(other, purpose)).length
}

function isUseful(
  purpose: Purpose,
  worker: Worker,
  client: string,
  conversation: Conversation,
): boolean {
  const { messages } = conversation
  switch (purpose.for) {
    case 'any':
      return true
    case 'long':
      return messages.length > LONG_HISTORY && worker.fits(conversation, messages.length - 1)
    case 'guess': {
      const { key, count } = purpose.guess
      if (count >= messages.length || !isForeseeable({ ...conversation, messages: [] }))
        return false
      return guessKey(client, conversation, count) === key
    }
    default:
      return purpose satisfies never
  }
}

/** Messages that this worker need not be given any more; reading a file costs about a fixed time. */
function lead({ purpose }: Ready, { messages }: Conversation): number {
  switch (purpose.for) {
    case 'any':
      return 0
    case 'long':
      return messages.length - LONG_HISTORY
    case 'guess':
      return purpose.guess.count + 1
    default:
      return purpose satisfies never
  }
}
