import type { Server } from 'bun'
import { withoutPerTokenBilling } from '../claude/billing.ts'
import { locateClaude } from '../claude/locate.ts'
import { assertSupported, readVersion } from '../claude/version.ts'
import { type Config, ConfigError } from '../config.ts'
import { startDemo } from '../demo/demo.ts'
import { createLog } from '../log.ts'
import { banner } from './banner.ts'
import { compose, type Parts } from './compose.ts'
import { stopSignals } from './signals.ts'

/** Listens until it is told to stop; resolves to the exit code. */
export async function serve(config: Config): Promise<number> {
  const log = createLog({ level: config['log-level'], format: config['log-format'] })
  const path = locateClaude({ claude: config.claude })
  const demo = config.demo ? startDemo() : undefined
  try {
    const env = demo?.env ?? ownerEnv(config)
    const version = await readVersion(path, env)
    assertSupported(version)
    await listen({ config, log, path, env, version })
  } finally {
    await demo?.stop()
  }
  return 0
}

function ownerEnv(config: Config): NodeJS.ProcessEnv {
  return config['subscription-only'] ? withoutPerTokenBilling(process.env) : process.env
}

async function listen({ version, ...parts }: Parts & { version: string }): Promise<void> {
  const { config, log, path, env } = parts
  // The port first: when it is taken, nothing else need be started.
  const server = bind(config)
  const signals = stopSignals()
  const { app, close, login } = compose(parts)
  try {
    server.reload({ fetch: app.fetch })
    await login.check()
    const port = server.port ?? config.port
    process.stdout.write(banner({ config, port, path, version, env, login }))
    await signals.first
    log.info('Stopping: no new requests; running answers may finish.')
    await Promise.race([server.stop(), signals.second, Bun.sleep(config['drain-timeout'])])
  } finally {
    signals.dispose()
    await close()
    await server.stop(true)
  }
}

function bind({ host, port }: Config): Server<undefined> {
  try {
    return Bun.serve({
      hostname: host,
      port,
      // Silence is not death: a model may think for minutes.
      idleTimeout: 0,
      fetch: () => new Response('starting', { status: 503, headers: { 'retry-after': '1' } }),
    })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') {
      throw new ConfigError(
        `Port ${port} on ${host} is taken. Stop what listens there, or choose another: --port <port>.`,
      )
    }
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError(`Cannot listen on ${host} port ${port}: ${reason}`)
  }
}
