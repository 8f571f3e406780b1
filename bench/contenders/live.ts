import { type Conversation, lastOf, type Message } from '../conversations.ts'
import { type CliProcess, type Line, toLine } from './cli-process.ts'
import type { StartContender } from './contender.ts'
import { askFirst, bootWorker, firstTurn, messageLine } from './worker.ts'

/**
 * A worker that holds the conversation already, driven by hand: the floor for a further turn. Each
 * sample is its second turn, as it is with us: the CLI gets quicker with every one.
 */
export const startLive: StartContender = async (bed) => {
  let worker: CliProcess | undefined
  /** The shape of the conversation after whose first turn the worker stands. */
  let standsAt: string | undefined
  /** The call on which the worker waits. */
  let waiting: Line | undefined
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
    if (lastOf(conversation).role === 'result') {
      // Its result is for a worker that waits on the call, of which only the question was asked.
      await askFirst(worker, { ...conversation, messages: conversation.messages.slice(0, -2) })
      waiting = await worker.readUntil(({ request }) => request?.message?.method === 'tools/call')
    } else await Array.fromAsync(firstTurn(worker, conversation))
    // Boot and history are the first turn's expense, not the further turn's.
    bootSeconds += worker.cpuSeconds
  }

  return {
    name: 'live',
    async prepare(conversation) {
      const shape = `${conversation.system.length} ${conversation.messages.length}`
      if (shape === standsAt) return
      await boot(conversation)
      standsAt = shape
    },
    async *answer(conversation) {
      if (!worker) throw new Error('No worker was booted.')
      standsAt = undefined
      const last = lastOf(conversation)
      worker.write(waiting ? resultLine(waiting, last) : messageLine(last, true))
      waiting = undefined
      yield* worker.answer()
    },
    settle: () => Promise.resolve(),
    cpuSeconds: () => endedSeconds + (worker?.cpuSeconds ?? 0) - bootSeconds,
    pids: () => (worker ? [worker.pid] : []),
    stop: end,
  }
}

function resultLine({ request_id, request }: Line, { content }: Message): string {
  const result = { content: [{ type: 'text', text: content }] }
  const mcp_response = { jsonrpc: '2.0', id: request?.message?.id, result }
  const response = { subtype: 'success', request_id, response: { mcp_response } }
  return toLine({ type: 'control_response', response })
}
