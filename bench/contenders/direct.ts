import { join } from 'node:path'
import type { StartContender } from './contender.ts'
import { startServer } from './server.ts'

/** The same dialect with no CLI behind it: the floor that HTTP and two hops set. */
export const startDirect: StartContender = (bed) =>
  startServer(bed, {
    name: 'direct',
    command: (port) => [process.execPath, 'run', join(import.meta.dir, 'direct-proxy.ts'), port],
    isBusy: () => Promise.resolve(false),
  })
