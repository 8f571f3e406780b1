import { withoutPerTokenBilling } from '../claude/account/billing.ts'
import { handedOn } from '../claude/process/handed-on.ts'
import { locateClaude } from '../claude/install/locate.ts'
import { assertSupported, readVersion } from '../claude/install/version.ts'
import type { Config } from '../config.ts'
import { startDemo } from '../demo/demo.ts'
import { createLog } from '../log.ts'
import { answerOn } from '../server/connection.ts'
import { banner } from './banner.ts'
import { bind } from './bind.ts'
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

/** What every start of the CLI gets, be it a worker or only asked for its version. */
function ownerEnv(config: Config): Record<string, string> {
  const env = handedOn(process.env)
  return config['subscription-only'] ? withoutPerTokenBilling(env) : env
}

async function listen({ version, ...parts }: Parts & { version: string }): Promise<void> {
  const { config, log, path, env } = parts
  // The port first: when it is taken, nothing else need be started.
  const server = await bind(config)
  const signals = stopSignals()
  const { app, close, login } = compose(parts)
  try {
    server.reload({ fetch: answerOn(server, app) })
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
