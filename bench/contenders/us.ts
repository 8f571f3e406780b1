import { join } from 'node:path'
import { z } from 'zod'
import type { StartContender } from './contender.ts'
import { startServer } from './server.ts'

const ENTRY = join(import.meta.dir, '../../src/index.ts')
/** A boot for later begins a moment after an answer, not at once. */
const QUIET_MS = 300

const Ready = z.looseObject({
  workers: z.looseObject({
    ...{ booting: z.number(), ending: z.number() },
    ...{ settling: z.number(), queued: z.number() },
  }),
})

/** This project with its defaults; at rest when no worker boots, ends or is being made ready. */
export const startUs: StartContender = (bed) =>
  startServer(bed, {
    name: 'us',
    quietMs: QUIET_MS,
    command(port) {
      const program = bed.binary === undefined ? [process.execPath, 'run', ENTRY] : [bed.binary]
      const flags = ['--port', port, '--claude', bed.claude, '--log-level', 'error']
      return [...program, 'serve', ...flags]
    },
    async isBusy({ url }) {
      const response = await fetch(`${url}/ready`)
      const { workers } = Ready.parse(await response.json())
      const { booting, ending, settling, queued } = workers
      return booting + ending + settling + queued > 0
    },
  })
