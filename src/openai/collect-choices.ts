import { collect, type CollectedTurn } from '../conversation/collect.ts'
import type { TurnEvent } from '../conversation/types.ts'

/** Reads the turns of all choices to their ends. When one fails, none goes on: nobody reads it. */
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
