/** English has about 3.5 bytes per token; scripts with more bytes per letter have more. */
const BYTES_PER_TOKEN = 3.5

/**
 * An estimate of the tokens in a text, because only the model API can count them. It is rather too
 * high than too low, and at least the number of words.
 */
export function estimateTextTokens(text: string): number {
  const words = countWords(text)
  return Math.max(words, Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN))
}

/** Counts without making a list, which would be many times as large as the text. */
function countWords(text: string): number {
  let words = 0
  for (let at = 0, isWord = false; at < text.length; at++) {
    const isBlank = text.charCodeAt(at) <= 0x20
    if (!isBlank && !isWord) words++
    isWord = !isBlank
  }
  return words
}
