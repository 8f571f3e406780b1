import { join } from 'node:path'
import OpenAI from 'openai'
import { locateClaude } from '../../../src/claude/install/locate.ts'
import { compose, type Composition } from '../../../src/commands/compose.ts'
import { type Config, resolveConfig } from '../../../src/config.ts'
import { createSandbox } from '../../../src/demo/sandbox.ts'
import { createLog } from '../../../src/log.ts'
import { HEARTBEAT_MS } from '../../../src/server/stream/stream-response.ts'
import { scaled } from '../waiting.ts'
import { startTestModelApi, type TestModelApi } from './model-api.ts'

/** The real CLI: the one of the devDependencies, or the one that `npm run compat` names. */
export const CLAUDE = locateClaude({
  claude: process.env['TEST_CLAUDE'] || join(import.meta.dir, '../../../node_modules/.bin/claude'),
})

export type TestServer = Composition & {
  /** Without `/v1`. */
  url: string
  api: TestModelApi
  client: OpenAI
  home: string
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>
  stop(): Promise<void>
}

export type TestServerOptions = {
  settings?: Partial<Record<keyof Config, unknown>>
  /** On top of the sandbox: a fake CLI's scenario, another credential. */
  env?: Record<string, string | undefined>
  /** A fake CLI, for what the real one cannot be made to do. */
  claude?: string
  /** Where the CLI's working directory is made; the one that all servers of this user share. */
  base?: string
  /** One that several servers ask; whoever started it stops it. */
  api?: TestModelApi
}

/** The whole service on a free port, with the real CLI in a sandbox over a scripted model API. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { settings = {}, env = {}, claude = CLAUDE, api = startTestModelApi(), base } = options
  const sandbox = createSandbox(api.url)
  const config = resolveConfig({
    flags: { 'log-level': 'error', 'skip-self-test': true, ...settings },
  })
  const log = createLog({ level: config['log-level'], format: 'json' })
  const parts = compose({
    ...{ config, log, path: claude, env: { ...sandbox.env, ...env } },
    // On a busy machine a failure that is a status elsewhere would come behind the headers.
    graceMs: scaled(HEARTBEAT_MS),
    ...(base !== undefined && { base }),
  })
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch: parts.app.fetch,
  })
  const url = `http://127.0.0.1:${server.port}`
  return {
    ...parts,
    url,
    api,
    home: sandbox.home,
    client: new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 }),
    post: (path, body, init = {}) =>
      fetch(url + path, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
        ...init,
      }),
    async stop() {
      await parts.close()
      await server.stop(true)
      if (!options.api) await api.stop()
      sandbox.remove()
    },
  }
}
