import { Hono } from 'hono'
import type { Api } from '../dialect/dialect.ts'
import { readJsonObject } from './body/json-body.ts'
import { serveDialect } from './serve-dialect.ts'
import type { ServerEnv, Services } from './services.ts'

/** Everything at the paths of an API that it describes itself. */
export function serveApi({ dialects, lookups }: Api, services: Services): Hono<ServerEnv> {
  const app = new Hono<ServerEnv>()
  for (const dialect of dialects) app.post(dialect.path, serveDialect(dialect, services))
  for (const lookup of lookups) {
    app.on(lookup.method, lookup.path, async (c) => {
      const catalog = () => services.catalog(c.get('lifetime').signal)
      return c.json(await lookup.answer({ catalog, body: () => readJsonObject(c) }))
    })
  }
  return app
}
