/** A stream and the controller to feed it with from outside; so many values may wait in it. */
export function controlledStream<T>(
  source: { pull(): void; cancel(): void },
  highWaterMark: number,
): { stream: ReadableStream<T>; controller: ReadableStreamDefaultController<T> } {
  let started: ReadableStreamDefaultController<T> | undefined
  const start = (controller: ReadableStreamDefaultController<T>) => {
    started = controller
  }
  const stream = new ReadableStream<T>({ ...source, start }, { highWaterMark })
  if (!started) throw new Error('A ReadableStream starts when it is constructed.')
  return { stream, controller: started }
}
