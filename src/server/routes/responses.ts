import { type Context, Hono } from 'hono'
import { parseRequest } from '../../dialect/parse.ts'
import { TurnError } from '../../errors.ts'
import { createResponses } from '../../openai/responses/dialect.ts'
import { ItemsQuery, toItemList } from '../../openai/responses/stored.ts'
import { callerOf } from '../caller.ts'
import { historyOf } from '../response-history.ts'
import { serveDialect } from '../serve-dialect.ts'
import type { ServerEnv, Services } from '../services.ts'

/** POST /v1/responses, and the stored responses. */
export function responses(services: Services): Hono<ServerEnv> {
  const dialect = createResponses((client) => {
    const store = services.responses.of(client)
    return {
      historyOf: (request) => historyOf(request, store),
      save: (...response) => store.save(...response),
    }
  })
  const stored = (c: Context<ServerEnv>, id: string) =>
    services.responses.of(callerOf(c).client).find(id) ?? unknown(id)
  return new Hono<ServerEnv>()
    .post(dialect.path, serveDialect(dialect, services))
    .get(`${dialect.path}/:id`, (c) => {
      const { response } = stored(c, c.req.param('id'))
      if (c.req.query('stream') !== 'true') return c.json(response)
      const message = 'A stored response cannot be streamed. Leave stream out.'
      throw new TurnError('invalid_request', message, { param: 'stream' })
    })
    .delete(`${dialect.path}/:id`, (c) => {
      const id = c.req.param('id')
      if (!services.responses.of(callerOf(c).client).delete(id)) unknown(id)
      return c.json({ id, object: 'response', deleted: true })
    })
    .get(`${dialect.path}/:id/input_items`, (c) => {
      const { input } = stored(c, c.req.param('id'))
      return c.json(toItemList(input, parseRequest(ItemsQuery, c.req.query())))
    })
}

function unknown(id: string): never {
  throw new TurnError('response_not_found', `Response with id '${id}' not found.`)
}
