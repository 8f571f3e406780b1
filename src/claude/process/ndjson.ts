import { TurnError } from '../../errors.ts'

/** The longest line accepted: enough for an assistant message with the largest tool input. */
const MAX_LINE_CHARS = 64 * 1024 * 1024

/**
 * Parses bytes into one JSON value per line. Bytes may be split anywhere, also inside a character,
 * and the last line needs no newline. A line that is not JSON goes to `onInvalidLine`, whose return
 * value, if any, takes its place. A line that is too long is fatal, because what follows it cannot
 * be trusted.
 */
export function ndjson({
  maxLineChars = MAX_LINE_CHARS,
  onInvalidLine = () => undefined,
}: { maxLineChars?: number; onInvalidLine?: (line: string) => unknown } = {}): TransformStream<
  Uint8Array,
  unknown
> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  // Pieces of a line that is not complete yet, joined once: prefix + chunk is O(n²) on long lines.
  let pieces: string[] = []
  let pendingChars = 0

  const requireFitting = (chars: number) => {
    if (chars <= maxLineChars) return
    throw new TurnError('worker', `The CLI printed a line of over ${maxLineChars} characters.`)
  }

  const emit = (line: string, controller: TransformStreamDefaultController<unknown>) => {
    if (line.trim() === '') return
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      value = onInvalidLine(line)
    }
    if (value !== undefined) controller.enqueue(value)
  }

  const feed = (text: string, controller: TransformStreamDefaultController<unknown>) => {
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const tail = text.slice(start, end)
      requireFitting(pendingChars + tail.length)
      emit(pieces.length === 0 ? tail : pieces.join('') + tail, controller)
      pieces = []
      pendingChars = 0
      start = end + 1
    }
    if (start === text.length) return
    pieces.push(start === 0 ? text : text.slice(start))
    pendingChars += text.length - start
    requireFitting(pendingChars)
  }

  return new TransformStream({
    transform: (chunk, controller) => feed(decoder.decode(chunk, { stream: true }), controller),
    flush: (controller) => {
      feed(decoder.decode(), controller)
      emit(pieces.join(''), controller)
    },
  })
}
