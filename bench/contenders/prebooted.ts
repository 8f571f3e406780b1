import type { CliProcess } from './cli-process.ts'
import type { StartContender } from './contender.ts'
import { bootWorker, firstTurn } from './worker.ts'

/** A worker that was booted in time, driven by hand: the floor for a new conversation. */
export const startPrebooted: StartContender = async (bed) => {
  let worker: CliProcess | undefined
  let spentSeconds = 0
  const end = async () => {
    await worker?.end()
    spentSeconds += worker?.cpuSeconds ?? 0
    worker = undefined
  }
  return {
    name: 'prebooted',
    async prepare() {
      worker ??= await bootWorker(bed)
    },
    async *answer(conversation) {
      if (!worker) throw new Error('No worker was booted.')
      yield* firstTurn(worker, conversation)
    },
    settle: end,
    cpuSeconds: () => spentSeconds + (worker?.cpuSeconds ?? 0),
    pids: () => (worker ? [worker.pid] : []),
    stop: end,
  }
}
