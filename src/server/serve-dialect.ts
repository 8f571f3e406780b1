import type { Handler } from 'hono'
import { resolveModel } from '../dialect/models.ts'
import type { Dialect, DialectRequest } from '../dialect/dialect.ts'
import { callerOf } from './caller.ts'
import { runChoices } from './choices.ts'
import { readRequest } from './read-request.ts'
import type { ServerEnv, Services } from './services.ts'
import { answerHeaders, remarkHeaders, streamAnswer } from './stream/stream-answer.ts'

/**
 * Handles the requests of one API: reads the request, asks a worker, and writes the answer,
 * streamed or not. Errors in a request are reported before a worker is used. If anything fails
 * after that, the worker is released.
 */
export function serveDialect<Request extends DialectRequest>(
  dialect: Dialect<Request>,
  { pool, limit, catalog, policy, graceMs }: Omit<Services, 'responses'>,
): Handler<ServerEnv> {
  return async function answerRequest(c) {
    const lifetime = c.get('lifetime')
    const requestId = c.get('requestId')
    const caller = callerOf(c)
    const { request, remarks } = await readRequest(c, dialect, policy)
    const begin = async () => {
      const exchange = dialect.toExchange(request, {
        model: resolveModel(request.model, await catalog(lifetime.signal)),
        ...{ sampling: policy.sampling, reasoning: policy.reasoning === 'summarized' },
        ...{ remarks, requestId, client: caller.client, newId, now: Date.now },
      })
      const answer = await runChoices({ pool, limit }, exchange.conversations, caller)
      return { exchange, answer }
    }
    const reply = dialect.toReply?.(request, Date.now())
    if (reply) {
      resolveModel(request.model, await catalog(lifetime.signal))
      return c.json(reply, 200, remarkHeaders(remarks))
    }
    // Reading the list of models waits for the first worker; a stream is kept open meanwhile.
    const begun = begin()
    if (request.stream) {
      return streamAnswer({
        answer: begun.then(({ answer }) => answer),
        frames: begun.then(({ exchange, answer }) => exchange.toFrames(answer.events)),
        remarks,
        toErrorFrame: (error) => dialect.toErrorFrame(error, requestId),
        framing: dialect.framing,
        keepAlive: () => dialect.keepAlive?.(request, Date.now()),
        ...(graceMs !== undefined && { graceMs }),
        lifetime,
      })
    }
    const { exchange, answer } = await begun
    return c.json(await exchange.toWhole(answer.events), 200, answerHeaders(answer, remarks))
  }
}

function newId(prefix: string): string {
  return prefix + crypto.randomUUID().replaceAll('-', '')
}
