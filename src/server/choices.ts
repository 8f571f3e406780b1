import type { Conversation, TurnEvent } from '../conversation/types.ts'
import { toTurnError } from '../errors.ts'
import type { Caller } from '../pool/caller.ts'
import type { Answer } from '../pool/pool.ts'
import { requireReadable } from './body/readable.ts'
import type { Services } from './services.ts'

/** The answers to one request: their streams, and the worker of the first to begin. */
export type Answers = Omit<Answer, 'events'> & { events: ReadableStream<TurnEvent>[] }

type Turns = Pick<Services, 'pool' | 'limit'>
type Choice = { run: Promise<Answer>; stop: AbortController }

/** Asks a worker for the only answer of a request. */
async function runTurn(
  { pool, limit }: Turns,
  conversation: Conversation,
  caller: Caller,
): Promise<Answer> {
  requireReadable(conversation)
  const hold = limit.take(caller, 1)
  return hold(pool.run(conversation, caller))
}

/**
 * Asks a worker for each conversation, and resolves when the first answer begins: the others may
 * have to wait for its worker. If one cannot begin, all are cancelled.
 */
export async function runChoices(
  { pool, limit }: Turns,
  conversations: readonly Conversation[],
  caller: Caller,
): Promise<Answers> {
  const [only] = conversations
  if (only && conversations.length === 1) {
    const { events, ...answer } = await runTurn({ pool, limit }, only, caller)
    return { ...answer, events: [events] }
  }
  // All have the same text, or the limit of the body applies.
  if (only) requireReadable(only)
  const hold = limit.take(caller, conversations.length)
  const choices = conversations.map((conversation): Choice => {
    const stop = new AbortController()
    const signal = AbortSignal.any([caller.signal, stop.signal])
    return { run: hold(pool.run(conversation, { ...caller, signal })), stop }
  })
  for (const { run } of choices) {
    run.catch((error: unknown) => choices.forEach(({ stop }) => stop.abort(error)))
  }
  const { events: _, ...first } = await Promise.race(choices.map(({ run }) => run))
  return { ...first, events: choices.map(eventsOf) }
}

/**
 * The events of an answer that may not have begun yet. If it cannot begin, the error is an event.
 */
function eventsOf({ run, stop }: Choice): ReadableStream<TurnEvent> {
  const started = run.then(({ events }) => events.getReader())
  // `pull` reports the error.
  started.catch(() => {})
  return new ReadableStream<TurnEvent>(
    {
      async pull(controller) {
        try {
          const { value, done } = await (await started).read()
          if (done) controller.close()
          else controller.enqueue(value.type === 'error' ? failure(value.error, stop) : value)
        } catch (error) {
          controller.enqueue(failure(error, stop))
          controller.close()
          // A worker whose events cannot be read must be stopped.
          stop.abort(error)
        }
      },
      async cancel() {
        const begun = await Promise.race([started, Promise.resolve(undefined)])
        if (begun) return begun.cancel()
        stop.abort()
      },
    },
    { highWaterMark: 0 },
  )
}

/** The reason for stopping says more than the error that it caused. */
function failure(error: unknown, { signal }: AbortController): TurnEvent {
  return { type: 'error', error: toTurnError(signal.reason ?? error) }
}
