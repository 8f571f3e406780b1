import { type Conversation, lastOf } from '../conversations.ts'
import type { CliProcess } from './cli-process.ts'
import type { StartContender } from './contender.ts'
import { bootWorker, firstTurn, messageLine } from './worker.ts'

/** After so many turns a new worker, so that the history stays about as long as asked for. */
const MAX_TURNS = 10

/** A worker that holds the conversation already, driven by hand: the floor for a further turn. */
export const startLive: StartContender = async (bed) => {
  let worker: CliProcess | undefined
  let holds = ''
  let turns = 0
  let endedSeconds = 0
  let bootSeconds = 0

  const end = async () => {
    await worker?.end()
    endedSeconds += worker?.cpuSeconds ?? 0
    worker = undefined
  }
  const boot = async (conversation: Conversation) => {
    await end()
    worker = await bootWorker(bed)
    await Array.fromAsync(firstTurn(worker, conversation))
    turns = 0
    // Boot and history are the first turn's expense, not the further turn's.
    bootSeconds += worker.cpuSeconds
  }

  return {
    name: 'live',
    async prepare(conversation) {
      const shape = `${conversation.system.length} ${conversation.messages.length}`
      if (worker && shape === holds && turns < MAX_TURNS) return
      await boot(conversation)
      holds = shape
    },
    async *answer(conversation) {
      if (!worker) throw new Error('No worker was booted.')
      turns++
      worker.write(messageLine(lastOf(conversation), true))
      yield* worker.answer()
    },
    settle: () => Promise.resolve(),
    cpuSeconds: () => endedSeconds + (worker?.cpuSeconds ?? 0) - bootSeconds,
    pids: () => (worker ? [worker.pid] : []),
    stop: end,
  }
}
