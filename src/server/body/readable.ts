import { sizeOf } from '../../conversation/size.ts'
import type { Conversation } from '../../conversation/types.ts'
import { TurnError } from '../../errors.ts'

/** Twice the text of the largest context window. Files are counted apart. */
const MAX_TEXT_CHARS = 8 * 1024 * 1024

/** As many as a body may have, because references may name the same file many times. */
const MAX_DATA_CHARS = 64 * 1024 * 1024

/** Refuses a conversation that no model could read, before a worker is used for it. */
export function requireReadable(conversation: Conversation): void {
  const { text, data } = sizeOf(conversation)
  if (data > MAX_DATA_CHARS) {
    const message = `The files of the conversation have ${data} characters as base64, and may have ${MAX_DATA_CHARS}.`
    throw new TurnError('request_too_large', message)
  }
  if (text <= MAX_TEXT_CHARS) return
  const message = `The conversation has ${text} characters of text. No model reads more than ${MAX_TEXT_CHARS}.`
  throw new TurnError('context_length_exceeded', message)
}
