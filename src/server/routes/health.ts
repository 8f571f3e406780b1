import { Hono } from 'hono'
import type { ServerEnv, Services } from '../services.ts'

/**
 * GET / and /health: the process runs; Ollama's clients send HEAD / first. GET /ready: a request
 * sent now would be answered.
 */
export function health({ pool, loggedIn, cli: cliFacts }: Services): Hono<ServerEnv> {
  return new Hono<ServerEnv>()
    .get('/', (c) => c.text('claude-max-api is running'))
    .get('/health', (c) => c.json({ status: 'ok' }))
    .get('/ready', async (c) => {
      const { rateLimit, bootFailures, ...workers } = pool.snapshot()
      const limited =
        rateLimit?.status === 'rejected' && (rateLimit.resetsAt ?? 0) > Date.now() / 1000
      const { problem, ...cli } = cliFacts()
      const reasons = [
        ...((await loggedIn())
          ? []
          : [
              'The claude CLI is not logged in. Run `claude auth login` on the machine of this server.',
            ]),
        ...(limited ? ['The subscription has reached its rate limit.'] : []),
        ...(problem === undefined ? [] : [problem]),
        ...(bootFailures > 0 && problem === undefined
          ? ['The claude CLI does not start. The log of this server has the reason.']
          : []),
      ]
      const ready = reasons.length === 0
      return c.json(
        { status: ready ? 'ready' : 'not ready', reasons, cli, workers },
        ready ? 200 : 503,
      )
    })
}
