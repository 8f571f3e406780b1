import type { Conversation, TurnEvent } from '../conversation/types.ts'
import type { Answer } from '../pool/pool.ts'
import type { Services } from './services.ts'

/** The answers to one request: their streams, and what the first says of its worker. */
export type Answers = Omit<Answer, 'events'> & { events: ReadableStream<TurnEvent>[] }

/** Asks `count` workers the same; when one cannot begin, none goes on. */
export async function runChoices(
  pool: Services['pool'],
  conversation: Conversation,
  count: number,
  signal: AbortSignal,
): Promise<Answers> {
  const failed = new AbortController()
  const either = count === 1 ? signal : AbortSignal.any([signal, failed.signal])
  const runs = Array.from({ length: count }, () => pool.run(conversation, either))
  try {
    const answers = await Promise.all(runs)
    const [first] = answers
    const ignored = [...new Set(answers.flatMap((answer) => answer.ignored))]
    const events = answers.map((answer) => answer.events)
    return { events, worker: first?.worker ?? 'cold', ignored }
  } catch (error) {
    failed.abort()
    throw error
  }
}
