import { demoScript } from './demo-script.ts'
import { startModelApi } from './model-api.ts'
import { createSandbox } from './sandbox.ts'

export type Demo = { env: Record<string, string>; stop(): Promise<void> }

/** Starts the scripted model API and the environment in which the CLI can reach nothing else. */
export function startDemo(): Demo {
  const api = startModelApi(demoScript())
  const sandbox = createSandbox(api.url)
  return {
    env: sandbox.env,
    async stop() {
      await api.stop()
      sandbox.remove()
    },
  }
}
