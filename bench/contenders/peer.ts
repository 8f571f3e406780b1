import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { treeOf } from '../processes.ts'
import type { StartContender } from './contender.ts'
import { startServer } from './server.ts'

const BENCH = join(import.meta.dir, '..')
const PACKAGE = join(BENCH, 'node_modules/claude-max-api-proxy')
const ENTRY = join(PACKAGE, 'dist/server/standalone.js')
const INSTALL_MS = 120_000

/** All that a package manager may need of the caller's environment, and nothing else of it. */
const INSTALL_ENV = /^(PATH|HOME|.*_PROXY|(npm|bun)_config_.*|.*_CERT.*|.*_CA_.*)$/i

/** The npm package, which starts the `claude` on its PATH once per request. */
export const startPeer: StartContender = (bed) =>
  startServer(bed, {
    name: 'peer',
    command: (port) => [bed.node, ENTRY, port],
    isBusy: ({ pid }) => Promise.resolve(treeOf(pid).length > 1),
  })

/** Installs the package below bench/ as its lock says, unless it is there already. */
export async function installPeer(): Promise<string> {
  if (!existsSync(ENTRY)) {
    const env = Object.entries(process.env).filter(([name]) => INSTALL_ENV.test(name))
    const child = Bun.spawn(
      [process.execPath, 'install', '--frozen-lockfile', '--ignore-scripts', '--silent'],
      { cwd: BENCH, env: Object.fromEntries(env), stdout: 'inherit', stderr: 'inherit' },
    )
    const timer = setTimeout(() => child.kill(), INSTALL_MS)
    const code = await child.exited.finally(() => clearTimeout(timer))
    if (code !== 0) throw new Error(`Installing the npm peer failed with code ${code}.`)
  }
  const { version }: { version: string } = await Bun.file(join(PACKAGE, 'package.json')).json()
  return version
}
