import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { startTestModelApi } from './model-api.ts'
import { startServer, type TestServerOptions } from './server.ts'
import { within } from '../waiting.ts'

export const NGINX = '/usr/sbin/nginx'
const START_MS = 10_000
const EXIT_MS = 10_000

/** The addresses in docs/scaling.md; the owner's own servers may be listening there. */
const DOCUMENTED = ['127.0.0.1:8080', '127.0.0.1:3456', '127.0.0.1:3457'] as const

/** Each writes where its prefix is, so that nothing lands in the system's folders. */
const TEMP_PATHS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

export const scalingDocument = await Bun.file(
  join(import.meta.dir, '../../../docs/scaling.md'),
).text()

/** The blocks of docs/scaling.md in one language. */
export function blocksIn(language: string): string[] {
  const fences = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms')
  return [...scalingDocument.matchAll(fences)].map(([, text = '']) => text)
}

/** The two configurations of docs/scaling.md: each request in turns, or by its conversation. */
export function documentedConfigs(): { inTurns: string; sticky: string } {
  const [inTurns = '', stickyUpstream = ''] = blocksIn('nginx')
  return { inTurns, sticky: inTurns.replace(/^upstream .*?^}/ms, () => stickyUpstream) }
}

/** Replicas over one model API, and what stands before them; ended together. */
export function createRig() {
  const api = startTestModelApi()
  const started: { stop(): Promise<void> }[] = [api]
  const kept = <T extends { stop(): Promise<void> }>(one: T) => {
    started.push(one)
    return one
  }
  return {
    api,
    /** A server that signs what it asks the model API. */
    replica: async (name: string, settings: TestServerOptions['settings'] = {}) =>
      kept(
        await startServer({
          api,
          settings: { 'max-workers': 4, 'warm-workers': 1, ...settings },
          env: { ANTHROPIC_CUSTOM_HEADERS: `x-replica: ${name}` },
        }),
      ),
    balance: async (config: string, replicas: readonly { url: string }[]) =>
      kept(
        await startNginx(
          config,
          replicas.map(({ url }) => url),
        ),
      ),
    /** Has it ended with the others. */
    kept,
    stopAll: async () => {
      for (const one of started.toReversed()) await one.stop()
    },
  }
}

/** The official client; `conversation` is the header that sticky routing goes by. */
export function clientOf({ url }: { url: string }, conversation?: string): OpenAI {
  const defaultHeaders = conversation === undefined ? {} : { 'x-conversation': conversation }
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0, defaultHeaders })
}

export type Nginx = {
  url: string
  /** What it has said of warnings and errors. */
  log(): string
  stop(): Promise<void>
}

/** A real nginx in the foreground, configured as documented but for the addresses. */
async function startNginx(config: string, replicas: readonly string[]): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'claude-max-api-nginx-'))
  const address = `127.0.0.1:${freePort()}`
  const hosts = [address, ...replicas.map((url) => new URL(url).host)]
  await Bun.write(join(folder, 'nginx.conf'), aroundHttp(readdressed(config, hosts)))
  const child = Bun.spawn(
    [NGINX, '-p', folder, '-c', 'nginx.conf', '-e', 'stderr', '-g', 'daemon off;'],
    { env: { PATH: '/usr/bin:/bin' }, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' },
  )
  const { promise: started, resolve, reject } = Promise.withResolvers<void>()
  let log = ''
  const ended = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      log += text
      if (log.includes('start worker process ')) resolve()
    }
    reject(new Error(`nginx ended: ${log}`))
  })()
  const stop = async () => {
    child.kill()
    await within(Promise.all([child.exited, ended]), EXIT_MS, 'the end of nginx')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await within(started, START_MS, 'the start of nginx')
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `http://${address}`, log: () => log, stop }
}

function readdressed(config: string, hosts: readonly string[]): string {
  return DOCUMENTED.reduce((text, documented, index) => {
    const host = hosts[index]
    // A request must never reach a real server at that address.
    if (!host || !text.includes(documented)) throw new Error(`No place for ${documented}.`)
    return text.replaceAll(documented, host)
  }, config)
}

function aroundHttp(config: string): string {
  // Workers of another user could not reach a folder of root's.
  const user = process.getuid?.() === 0 ? 'user root root;' : ''
  const paths = TEMP_PATHS.map((name) => `${name}_temp_path ${name};`).join('\n')
  return `${user}
worker_processes 2;
error_log stderr notice;
pid nginx.pid;
events {}
http {
access_log off;
${paths}
${config}
}
`
}

function freePort(): number {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
  const { port } = server
  void server.stop(true)
  return port ?? 0
}
