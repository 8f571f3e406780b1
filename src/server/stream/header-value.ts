/** Servers and proxies take 8 kB of headers at least; a list of remarks is not to use them up. */
const MAX_CHARS = 2_000
const MAX_ITEM_CHARS = 200

/**
 * A list as the value of a response header. Its items may hold words of the request, and a header
 * with anything but visible ASCII throws when the answer has long begun: the rest is
 * percent-encoded. What is left out of a long list is said at its end.
 */
export function listHeader(items: readonly string[]): string {
  let value = ''
  for (const [index, item] of items.entries()) {
    const next = `${index === 0 ? '' : ', '}${headerText(item)}`
    if (value.length + next.length > MAX_CHARS) return `${value}, and ${items.length - index} more`
    value += next
  }
  return value
}

function headerText(text: string): string {
  const short = text.length > MAX_ITEM_CHARS ? `${text.slice(0, MAX_ITEM_CHARS)}...` : text
  return short.toWellFormed().replaceAll(/[^\x20-\x7e]|%/gu, encodeURIComponent)
}
