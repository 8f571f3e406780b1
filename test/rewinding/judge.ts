import type { AssistantMessage } from '../../src/conversation/types.ts'
import type { ModelRequest } from '../../src/demo/model-api.ts'
import { parting } from '../fuzz/compare.ts'
import type { Bed } from './bed.ts'
import type { Talk } from './client.ts'
import { askFresh, Expected } from './expected.ts'
import { isLeft, type Reply } from './replies.ts'
import { readSent, type Sent, toText, withoutThoughts } from './sent.ts'
import { withMessages } from './setups.ts'

/** Something is not what it should be. */
export class Differs extends Error {
  constructor(where: string, what: string) {
    super(`${where}: ${what}`)
  }
}

/** Compares what one worker sends with what a fresh one would. */
export class Judge {
  readonly #bed: Bed
  readonly #expected: Expected
  /** What was thought before which answer. */
  readonly #thoughts = new Map<string, string>()
  /** The CLI's mark of each conversation, by its first message. */
  readonly #marks = new Map<string, string>()

  constructor(bed: Bed) {
    this.#bed = bed
    this.#expected = new Expected(bed)
  }

  /** What is due; asked before the worker is, because fresh ones may have to tell. */
  due({ setup, messages }: Talk): Promise<string> {
    return this.#expected.of(setup, messages)
  }

  /** Throws if these requests are not what the turn should have sent; undefined if it sent none. */
  check(
    requests: readonly ModelRequest[],
    { due, messages, reply }: { due: string; messages: Talk['messages']; reply: Reply },
  ): Sent | undefined {
    const { ending } = reply
    // A refused request is tried without what the API may not know.
    const [least, most] = isLeft(ending) ? [0, 1] : ending === 'rejected' ? [1, 3] : [1, 1]
    if (requests.length < least || requests.length > most) {
      throw new Differs('requests', `${requests.length} at '${ending}'`)
    }
    const [request] = requests
    if (!request) return undefined
    const read = readSent(request)
    const sent = { ...read, messages: withoutThoughts(read.messages, this.#thoughts) }
    compare('the request', toText(sent, sent.messages), due)
    const first = JSON.stringify(messages[0])
    compare('the mark', sent.mark, this.#marks.get(first) ?? sent.mark)
    this.#marks.set(first, sent.mark)
    return sent
  }

  /** Throws if a fresh worker sends something else. */
  async checkBesideFresh(sent: Sent, { setup, messages }: Talk): Promise<void> {
    const fresh = await askFresh(this.#bed, withMessages(setup, messages))
    compare('beside a fresh worker', toText(sent, sent.messages), toText(fresh, fresh.messages))
    compare('the mark', sent.mark, fresh.mark)
  }

  /** Throws if the client was told another answer than the model gave. */
  checkAnswer(text: string, { content }: AssistantMessage): void {
    const due = content.map((block) => (block.type === 'text' ? block.text : '')).join('')
    compare('the answer', text, due)
  }

  /** From now on these thoughts may stand before the answer. */
  noteThoughts({ thinking, message }: Reply): void {
    const [block] = message?.content ?? []
    if (thinking !== undefined && block?.type === 'text') this.#thoughts.set(thinking, block.text)
  }
}

function compare(where: string, got: string, due: string): void {
  if (got !== due) throw new Differs(where, parting(got, due))
}
