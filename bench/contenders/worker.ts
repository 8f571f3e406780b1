import { WORKER_ARGS, workerEnv } from '../../src/claude/process/arguments.ts'
import type { Bed } from '../bed.ts'
import type { Conversation, Message, Tool } from '../conversations.ts'
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
  conversation: Conversation,
): AsyncGenerator<string> {
  await askFirst(cli, conversation)
  yield* cli.answer()
}

/** Asks, and leaves the answer unread. */
export async function askFirst(
  cli: CliProcess,
  { system, messages, tools }: Conversation,
): Promise<void> {
  let write = cli.control(initialize(system, tools)).line
  for (const [index, message] of messages.entries()) {
    const isLast = index === messages.length - 1
    write += messageLine(message, isLast)
    if (!isUsers(message) || isLast) continue
    cli.write(write)
    write = ''
    // History that is sent ahead of this `result` ends up in the wrong order.
    await cli.readUntil(({ type }) => type === 'result')
  }
  cli.write(write)
}

export function initialize(system: string, tools: readonly Tool[] = []) {
  const systemPrompt = system === '' ? [] : [system]
  if (tools.length === 0) return { subtype: 'initialize', systemPrompt }
  const listed = tools.map(({ name, description, parameters: inputSchema }) => ({
    ...{ name, description, inputSchema, annotations: { readOnlyHint: true } },
  }))
  const serverInfo = { name: 'client', version: '1' }
  const initializeResult = {
    ...{ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo },
  }
  return {
    ...{ subtype: 'initialize', systemPrompt, sdkMcpServers: ['client'] },
    sdkMcpServerManifests: { client: { initializeResult, toolsListResult: { tools: listed } } },
  }
}

/** Whether a message is one that the CLI may ask the model with, and may be rewound to. */
export function isUsers({ role }: Message): boolean {
  return role === 'user' || role === 'result'
}

export function messageLine(message: Message, query: boolean, uuid?: string): string {
  const role = isUsers(message) ? 'user' : 'assistant'
  const line = {
    ...{ type: role, message: { role, content: contentOf(message) } },
    ...{ parent_tool_use_id: null, session_id: '' },
  }
  if (role === 'assistant') return toLine(line)
  const options = { ...(query ? {} : { shouldQuery: false }), ...(uuid !== undefined && { uuid }) }
  return toLine({ ...line, ...options, client_composed: true })
}

function contentOf(message: Message): unknown {
  switch (message.role) {
    case 'user':
    case 'assistant':
      return message.content
    case 'call': {
      const input: unknown = JSON.parse(message.content)
      return [{ type: 'tool_use', id: message.id, name: 'tool_0', input }]
    }
    case 'result': {
      const content = [{ type: 'text', text: message.content }]
      return [{ tool_use_id: message.id, type: 'tool_result', content }]
    }
    default:
      return message satisfies never
  }
}
