import { Hono } from 'hono'
import { toModelList, toModelObject } from '../../openai/models.ts'
import type { ServerEnv, Services } from '../services.ts'

/** GET /v1/models and /v1/models/{id}; an id may contain slashes. */
export function models({ catalog }: Services): Hono<ServerEnv> {
  return new Hono<ServerEnv>()
    .get('/', async (c) => c.json(toModelList(await catalog(c.req.raw.signal))))
    .get('/:id{.+}', async (c) =>
      c.json(toModelObject(c.req.param('id'), await catalog(c.req.raw.signal))),
    )
}
