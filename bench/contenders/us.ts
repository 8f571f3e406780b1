import { join } from 'node:path'
import { z } from 'zod'
import type { StartContender } from './contender.ts'
import { startServer } from './server.ts'

const ENTRY = join(import.meta.dir, '../../src/index.ts')
/** The default of --warm-workers. */
const WARM_WORKERS = 2

const Ready = z.looseObject({
  workers: z.looseObject({
    ...{ pristine: z.number(), booting: z.number(), ending: z.number() },
    ...{ settling: z.number(), queued: z.number() },
  }),
})

/** This project with its defaults; rested when its warm workers are all there again. */
export const startUs: StartContender = (bed) =>
  startServer(bed, {
    name: 'us',
    command(port) {
      const program = bed.binary === undefined ? [process.execPath, 'run', ENTRY] : [bed.binary]
      const flags = ['--port', port, '--claude', bed.claude, '--log-level', 'error']
      return [...program, 'serve', ...flags]
    },
    async isBusy({ url }) {
      const response = await fetch(`${url}/ready`)
      const { workers } = Ready.parse(await response.json())
      const { pristine, booting, ending, settling, queued } = workers
      return pristine < WARM_WORKERS || booting + ending + settling + queued > 0
    },
  })
