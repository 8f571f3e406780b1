import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Sandbox = { env: Record<string, string>; home: string; remove(): void }

/**
 * The only environment in which the demo, the tests and the benchmark start the CLI: a temporary
 * home, a dummy key and a model API on loopback. Of the caller's environment only PATH is used, so
 * the owner's login can be neither used nor billed.
 */
export function createSandbox(modelApiUrl: string, path = process.env['PATH'] ?? ''): Sandbox {
  const { hostname } = new URL(modelApiUrl)
  if (hostname !== '127.0.0.1') throw new Error(`The sandbox is for loopback only, not ${hostname}`)
  const home = mkdtempSync(join(tmpdir(), 'claude-max-api-sandbox-'))
  return {
    home,
    env: {
      PATH: path,
      HOME: home,
      // The CLI uses this instead of HOME on Windows.
      USERPROFILE: home,
      TMPDIR: home,
      ANTHROPIC_BASE_URL: modelApiUrl,
      ANTHROPIC_API_KEY: 'dummy-key-for-the-scripted-model-api',
    },
    remove: () => rmSync(home, { recursive: true, force: true, maxRetries: 3 }),
  }
}
