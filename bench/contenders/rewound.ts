import { randomUUID } from 'node:crypto'
import type { Bed } from '../bed.ts'
import type { Conversation, Message } from '../conversations.ts'
import type { CliProcess } from './cli-process.ts'
import type { StartContender } from './contender.ts'
import { bootWorker, initialize, isUsers, messageLine } from './worker.ts'

/** As many as the machines that this is measured on have cores: more are no quicker. */
const WORKERS = 2

/** A worker, the system prompt that it will never lose, and what it has heard so far. */
type Standing = {
  cli: CliProcess
  system: string
  heard: { message: Message; uuid: string | undefined }[]
}

/**
 * Workers that are never replaced, driven by hand: each conversation cuts one back to what it
 * shares with the last. The floor for any conversation whose system prompt is known.
 */
export const startRewound: StartContender = async (bed) => {
  let all: Standing[] = []
  let free: Standing[] = []
  let bootSeconds = 0
  let endedSeconds = 0
  /** Those who wait for a worker, first come first served. */
  const waiting: ((standing: Standing) => void)[] = []

  const end = async () => {
    await Promise.all(all.map(({ cli }) => cli.end()))
    endedSeconds += used(all)
    all = []
    free = []
  }
  const take = async ({ messages }: Conversation) => {
    const ranked = free.toSorted((a, b) => shared(b, messages) - shared(a, messages))
    const [best] = ranked
    if (!best) return new Promise<Standing>((resolve) => waiting.push(resolve))
    free.splice(free.indexOf(best), 1)
    return best
  }
  const putBack = (standing: Standing) => {
    const next = waiting.shift()
    if (next) next(standing)
    else free.unshift(standing)
  }

  return {
    name: 'rewound',
    async prepare({ system }) {
      if (all[0]?.system === system) return
      await end()
      all = await Promise.all(Array.from({ length: WORKERS }, () => boot(bed, system)))
      free = [...all]
      // Boot and first turn are paid once for all the conversations to come.
      bootSeconds += used(all)
    },
    async *answer(conversation) {
      const standing = await take(conversation)
      try {
        yield* answer(standing, conversation.messages)
      } finally {
        putBack(standing)
      }
    },
    settle: () => Promise.resolve(),
    cpuSeconds: () => endedSeconds + used(all) - bootSeconds,
    pids: () => all.map(({ cli }) => cli.pid),
    stop: end,
  }
}

/** A worker that has answered once, as the first answer of a process is a dear one. */
async function boot(bed: Bed, system: string): Promise<Standing> {
  const cli = await bootWorker(bed)
  await cli.ask(initialize(system))
  const standing: Standing = { cli, system, heard: [] }
  await Array.fromAsync(answer(standing, [{ role: 'user', content: 'hello' }]))
  return standing
}

async function* answer(standing: Standing, messages: readonly Message[]): AsyncGenerator<string> {
  const { cli, heard } = standing
  await cutTo(standing, Math.min(shared(standing, messages), messages.length - 1))
  let write = ''
  for (const message of messages.slice(heard.length)) {
    const uuid = isUsers(message) ? randomUUID() : undefined
    heard.push({ message, uuid })
    const isLast = heard.length === messages.length
    write += messageLine(message, isLast, uuid)
    if (uuid === undefined) continue
    cli.write(write)
    write = ''
    // History that is sent ahead of this `result` ends up in the wrong order.
    if (!isLast) await cli.readUntil(({ type }) => type === 'result')
  }
  let content = ''
  for await (const text of cli.answer()) {
    content += text
    yield text
  }
  heard.push({ message: { role: 'assistant', content }, uuid: undefined })
}

/** How many messages from the first on a worker has heard already. */
function shared({ heard }: Standing, messages: readonly Message[]): number {
  const differs = messages.findIndex(({ role, content }, index) => {
    const known = heard[index]?.message
    return known?.role !== role || known.content !== content
  })
  return differs === -1 ? messages.length : differs
}

/** Makes a worker forget what it has heard after so many messages; only user messages are targets. */
async function cutTo({ cli, heard }: Standing, count: number): Promise<void> {
  if (heard.length <= count) return
  const at = heard.findLastIndex(({ uuid }, index) => uuid !== undefined && index <= count)
  const newest = heard.findLast(({ uuid }) => uuid !== undefined)
  const cut = await cli.ask({
    subtype: 'rewind_conversation',
    target_message_uuid: heard[at]?.uuid,
    last_seen_user_message_uuid: newest?.uuid,
  })
  if (!cut?.response?.response?.rewound) throw new Error('The CLI did not rewind.')
  heard.length = at
}

function used(all: readonly Standing[]): number {
  return all.reduce((sum, { cli }) => sum + cli.cpuSeconds, 0)
}
