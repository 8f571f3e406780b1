import { WORKER_ARGS, workerEnv } from '../../src/claude/arguments.ts'
import type { Bed } from '../bed.ts'
import type { Conversation, Message } from '../conversations.ts'
import { CliProcess, toLine } from './cli-process.ts'
import { MODEL } from './contender.ts'

/** Boots a worker with everything done ahead that does not depend on the conversation. */
export async function bootWorker(bed: Bed): Promise<CliProcess> {
  const cli = new CliProcess(bed, WORKER_ARGS, workerEnv(bed.env, bed.home))
  await cli.ask(
    { subtype: 'list_models' },
    { subtype: 'mcp_status' },
    { subtype: 'get_settings' },
    { subtype: 'apply_flag_settings', settings: { model: MODEL } },
  )
  return cli
}

/** The first turn: system prompt, history and question, in as few writes as the CLI allows. */
export async function* firstTurn(
  cli: CliProcess,
  { system, messages }: Conversation,
): AsyncGenerator<string> {
  let write = cli.control(initialize(system)).line
  for (const [index, message] of messages.entries()) {
    const isLast = index === messages.length - 1
    write += messageLine(message, isLast)
    if (message.role === 'assistant' || isLast) continue
    cli.write(write)
    write = ''
    // History that is sent ahead of this `result` ends up in the wrong order.
    await cli.readUntil(({ type }) => type === 'result')
  }
  cli.write(write)
  yield* cli.answer()
}

export function initialize(system: string) {
  return { subtype: 'initialize', systemPrompt: system === '' ? [] : [system] }
}

export function messageLine({ role, content }: Message, query: boolean): string {
  const line = { type: role, message: { role, content }, parent_tool_use_id: null, session_id: '' }
  if (role === 'assistant') return toLine(line)
  return toLine({ ...line, ...(query ? {} : { shouldQuery: false }), client_composed: true })
}
