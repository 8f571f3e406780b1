/** Servers and proxies accept at least 8 kB of headers; a list must not use all of it. */
const MAX_CHARS = 2_000
const MAX_ITEM_CHARS = 200

/**
 * Formats a list as the value of a response header. Items may contain text of the request, and a
 * header with other than visible ASCII throws, so the rest is percent-encoded. If the list is too
 * long, its end says how many items are missing.
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
