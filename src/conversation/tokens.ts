/** English has about 3.5 bytes a token, and what is written in more bytes a letter has fewer. */
const BYTES_PER_TOKEN = 3.5

/**
 * About how many tokens a text has: nobody but the model API can count them. Rather too many than
 * too few, and never fewer than there are words.
 */
export function estimateTextTokens(text: string): number {
  const words = text.match(/\S+/g)?.length ?? 0
  return Math.max(words, Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN))
}
