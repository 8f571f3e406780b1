import { TurnError } from '../../errors.ts'

/**
 * What a block of the answer is for the client. `json` is the call in which the model submits
 * structured output; `other` is not sent.
 */
export type BlockKind = 'text' | 'thinking' | 'tool_use' | 'json' | 'other'

/** `text` is the text so far, or the JSON of a call's arguments. */
type Sent = { kind: BlockKind; text: string }

/**
 * The part of an answer that was already sent. If the CLI asks again after a lost connection, the
 * second answer may only continue the first: repeated text is dropped, and different text is an
 * error. Otherwise the client would read two answers as one.
 */
export class SentAnswer {
  readonly #sent: Sent[] = []
  #block = -1
  /** How many characters of the current block this attempt has repeated. */
  #covered = 0

  /** A message starts: the first one, or another attempt of the CLI at the same one. */
  beginMessage(): void {
    this.#block = -1
  }

  /** Whether this block is new; false if an earlier attempt already began it. */
  beginBlock(kind: BlockKind): boolean {
    this.#requireWholeBlock()
    this.#block++
    this.#covered = 0
    const known = this.#sent[this.#block]
    if (known && known.kind !== kind) throw contradiction()
    if (!known) this.#sent.push({ kind, text: '' })
    return !known
  }

  /** The block being written. */
  get current(): Readonly<Sent> | undefined {
    return this.#sent[this.#block]
  }

  get blocks(): readonly Readonly<Sent>[] {
    return this.#sent
  }

  /** The part of `piece` that has not been sent yet; may be empty. */
  admit(piece: string): string {
    const block = this.#sent[this.#block]
    if (!block) throw new TurnError('worker', 'The CLI printed text outside of a block.')
    const repeated = block.text.slice(this.#covered, this.#covered + piece.length)
    if (!piece.startsWith(repeated)) throw contradiction()
    this.#covered += piece.length
    const fresh = piece.slice(repeated.length)
    block.text += fresh
    return fresh
  }

  /** The message is complete, so it must have repeated all that was sent. */
  endMessage(): void {
    this.#requireWholeBlock()
    if (this.#block !== this.#sent.length - 1) throw contradiction()
  }

  #requireWholeBlock(): void {
    const block = this.#sent[this.#block]
    if (block && this.#covered < block.text.length) throw contradiction()
  }
}

function contradiction(): TurnError {
  return new TurnError(
    'upstream',
    'The connection to the model was lost, and its second answer differs from what was already sent. Send the request again.',
  )
}
