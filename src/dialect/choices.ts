import { collect, type CollectedTurn } from './collect.ts'
import type { TurnEvent } from '../conversation/types.ts'

/** An event of one answer, if a request has several. */
export type ChoiceEvent = { choice: number; event: TurnEvent }

/** The turn of an API without `n`. */
export function singleTurn<Turn>([turn]: readonly Turn[]): Turn {
  if (turn === undefined) throw new Error('There is no turn.')
  return turn
}

/**
 * Merges several turns into one stream, in the order of events; cancelling it cancels all of them.
 */
export function mergeChoices(
  turns: readonly ReadableStream<TurnEvent>[],
): ReadableStream<ChoiceEvent> {
  const readers = turns.map((turn) => turn.getReader())
  type Read = { choice: number; read: Awaited<ReturnType<(typeof readers)[number]['read']>> }
  const reads = new Map<number, Promise<Read>>()
  const open = new Set(readers.keys())

  return new ReadableStream<ChoiceEvent>(
    {
      async pull(controller) {
        while (open.size > 0) {
          for (const choice of open) {
            const reader = readers[choice]
            if (!reader || reads.has(choice)) continue
            reads.set(
              choice,
              reader.read().then((read) => ({ choice, read })),
            )
          }
          const { choice, read } = await Promise.race(reads.values())
          reads.delete(choice)
          if (!read.done) return controller.enqueue({ choice, event: read.value })
          open.delete(choice)
        }
        controller.close()
      },
      async cancel() {
        await Promise.all(readers.map((reader) => reader.cancel()))
      },
    },
    { highWaterMark: 0 },
  )
}

/** Reads all turns to their ends. If one fails, the others are cancelled. */
export function collectChoices(
  turns: readonly ReadableStream<TurnEvent>[],
): Promise<CollectedTurn[]> {
  const stop = new AbortController()
  const collected = turns.map((turn) =>
    collect(turn.pipeThrough(new TransformStream(), { signal: stop.signal })),
  )
  for (const one of collected) one.catch((error: unknown) => stop.abort(error))
  return Promise.all(collected)
}
