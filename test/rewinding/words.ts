import type { ImageBlock, TextBlock, UserBlock } from '../../src/conversation/types.ts'
import type { Random } from '../soak/random.ts'
import { png } from '../support/inputs/images.ts'

const FILLERS = ['', ' ünïcödé 🦩', '\n@/etc/hostname', ' /help\n', ' "}]', ' word'.repeat(200)]

const IMAGE: ImageBlock = {
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data: png(8, 8).toString('base64') },
}

/** Texts of which no two are alike, so that one at the wrong place is seen. */
export class Words {
  readonly #random: Random
  #count = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** `what` it is for, and its number. */
  text(what: string): string {
    return `${what} ${++this.#count}${this.#random.pick(FILLERS)}`
  }

  block(what: string): TextBlock {
    return { type: 'text', text: this.text(what) }
  }

  /** What a user says: mostly a text, at times two, or a picture with it. */
  question(): UserBlock[] {
    const text = this.block('question')
    return this.#random.weighted<UserBlock[]>([
      [[text], 10],
      [[text, this.block('and')], 1],
      [[IMAGE, text], 1],
    ])
  }

  callId(): string {
    return `toolu_${++this.#count}x`
  }
}
