import { withoutPerTokenBilling } from '../claude/account/billing.ts'
import { cliEnvironment } from '../claude/process/cli-environment.ts'
import { type Choice, chooseClaude } from '../claude/install/choose.ts'
import type { Config } from '../config.ts'
import { startDemo } from '../demo/demo.ts'
import { createLog } from '../log.ts'
import { answerOn } from '../server/connection.ts'
import { banner } from './banner.ts'
import { bind } from './bind.ts'
import { compose, type Parts } from './compose.ts'
import { stopSignals } from './signals.ts'

/** Runs the server until it is stopped; resolves to the exit code. */
export async function serve(config: Config): Promise<number> {
  const log = createLog({ level: config['log-level'], format: config['log-format'] })
  const demo = config.demo ? startDemo() : undefined
  try {
    const env = demo?.env ?? ownerEnv(config)
    const choice = await chooseClaude({ claude: config.claude }, env)
    await listen({ config, log, path: choice.path, env, choice })
  } finally {
    await demo?.stop()
  }
  return 0
}

/** The environment for every start of the CLI, as a worker or for its version. */
function ownerEnv(config: Config): Record<string, string> {
  const env = cliEnvironment(process.env)
  return config['subscription-only'] ? withoutPerTokenBilling(env) : env
}

async function listen({ choice, ...parts }: Parts & { choice: Choice }): Promise<void> {
  const { config, log, env } = parts
  // Listens first: if the port is taken, nothing else need be started.
  const server = await bind(config)
  const signals = stopSignals()
  const { app, close, login, examiner } = compose({ ...parts, version: choice.version })
  try {
    server.reload({ fetch: answerOn(server, app) })
    const known = Promise.all([login.check(), examiner.verdict()])
    // A CLI that must not be used ends the program; one that is examined may be waited for long.
    await Promise.race([known, signals.first])
    known.catch(() => {})
    const port = server.port ?? config.port
    const cli = examiner.state
    process.stdout.write(banner({ config, port, choice, cli, env, login }))
    await signals.first
    log.info('Stopping: no new requests are accepted, running answers may finish.')
    await Promise.race([server.stop(), signals.second, Bun.sleep(config['drain-timeout'])])
  } finally {
    signals.dispose()
    await close()
    await server.stop(true)
  }
}
