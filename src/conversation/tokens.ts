/** English has about 3.5 bytes a token, and what is written in more bytes a letter has fewer. */
const BYTES_PER_TOKEN = 3.5

/**
 * About how many tokens a text has: nobody but the model API can count them. Rather too many than
 * too few, and never fewer than there are words.
 */
export function estimateTextTokens(text: string): number {
  const words = countWords(text)
  return Math.max(words, Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN))
}

/** Without a list of them, which would be many times as large as the text. */
function countWords(text: string): number {
  let words = 0
  for (let at = 0, isWord = false; at < text.length; at++) {
    const isBlank = text.charCodeAt(at) <= 0x20
    if (!isBlank && !isWord) words++
    isWord = !isBlank
  }
  return words
}
