import { TurnError } from '../../errors.ts'

/**
 * What a block of the answer is to the client. `json` is the call by which the model hands in
 * structured output; `other` is not for the client.
 */
export type BlockKind = 'text' | 'thinking' | 'tool_use' | 'json' | 'other'

/** `text` is the text so far, or the JSON of a call's arguments. */
type Sent = { kind: BlockKind; text: string }

/**
 * What of an answer has left already. When the CLI asks again after a cut connection, the second
 * answer may only continue the first: what repeats is left out, and what contradicts it is an
 * error, because the client would otherwise read two answers as one.
 */
export class SentAnswer {
  readonly #sent: Sent[] = []
  #block = -1
  /** Characters of the current block that this attempt has covered. */
  #covered = 0

  /** A message begins: the first, or the CLI's next attempt at the same one. */
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

  /** The part of `piece` that has not been sent yet; possibly empty. */
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

  /** The message is complete: it must have covered all that was sent. */
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
    'The connection to the model broke off and its second answer differs from what was already sent. Send the request again.',
  )
}
