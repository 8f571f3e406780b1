import { randomUUID } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WORKER_ARGS, workerEnv } from '../../src/claude/process/arguments.ts'
import type { Bed } from '../bed.ts'
import { type Conversation, lastOf, type Message } from '../conversations.ts'
import { until } from '../processes.ts'
import { CliProcess } from './cli-process.ts'
import { MODEL, type StartContender } from './contender.ts'
import { initialize, messageLine } from './worker.ts'

/** A process that waits for `initialize` prints nothing, so rest is what shows that it is ready. */
const REST_MS = 150
const READY_MS = 30_000

/** A process that waits to read its history from a file: the floor for long histories. */
export const startResumed: StartContender = async (bed) => {
  let spare: { cli: CliProcess; file: string } | undefined
  let spentSeconds = 0
  const end = async () => {
    await spare?.cli.end()
    spentSeconds += spare?.cli.cpuSeconds ?? 0
    if (spare) rmSync(spare.file, { force: true })
    spare = undefined
  }
  return {
    name: 'resumed',
    async prepare() {
      spare ??= await bootSpare(bed)
    },
    async *answer(conversation) {
      if (!spare) throw new Error('No process was booted.')
      const { cli, file } = spare
      writeFileSync(file, transcript(bed.dir, conversation), { mode: 0o600 })
      const first = cli.control(initialize(conversation.system)).line
      cli.write(first + messageLine(lastOf(conversation), true))
      yield* cli.answer()
    },
    settle: end,
    cpuSeconds: () => spentSeconds + (spare?.cli.cpuSeconds ?? 0),
    pids: () => (spare ? [spare.cli.pid] : []),
    stop: end,
  }
}

async function bootSpare(bed: Bed): Promise<{ cli: CliProcess; file: string }> {
  const file = join(bed.home, `${randomUUID()}.jsonl`)
  const args = [...WORKER_ARGS, '--model', MODEL, '--await-initialize', '--resume', file]
  const cli = new CliProcess(bed, args, workerEnv(bed.env, bed.home))
  let used = -1
  await until(async () => {
    await Bun.sleep(REST_MS)
    const before = used
    used = cli.cpuSeconds
    return used === before
  }, READY_MS)
  return { cli, file }
}

/** The history, without the question, as the CLI writes a session. */
function transcript(cwd: string, { messages }: Conversation): string {
  const sessionId = randomUUID()
  let parentUuid: string | null = null
  let lines = ''
  for (const message of messages.slice(0, -1)) {
    const uuid: string = randomUUID()
    const head = { parentUuid, isSidechain: false, userType: 'external', cwd, sessionId }
    const tail = { version: '2.1.328', gitBranch: '', timestamp: new Date().toISOString(), uuid }
    lines += `${JSON.stringify({ ...head, type: message.role, message: stored(message), ...tail })}\n`
    parentUuid = uuid
  }
  return lines
}

function stored({ role, content }: Message) {
  if (role === 'user') return { role, content }
  return {
    id: `msg_${randomUUID()}`,
    type: 'message',
    role,
    model: 'claude-sonnet-5-5',
    content: [{ type: 'text', text: content }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  }
}
