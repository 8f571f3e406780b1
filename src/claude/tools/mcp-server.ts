import { z } from 'zod'
import type { ToolResultBlock, ToolSpec } from '../../conversation/types.ts'
import { errorText } from '../history/cli-content.ts'
import type { ControlRequest } from '../process/control.ts'
import type { CliMessage } from '../process/protocol.ts'

/** The one MCP server every worker knows; `--allowedTools mcp__client` grants its tools. */
const SERVER_NAME = 'client'

/** Announced for every tool: up to here the CLI hands a result on whole and writes no file. */
const ANNOUNCED_RESULT_CHARS = 500_000
/** Measured: 450,000 pass and 700,000 do not. Longer results are seeded, which has no limit. */
const MAX_RESULT_CHARS = 400_000

/** With exactly this version the CLI takes the manifest and skips the handshake. */
const INITIALIZED = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: SERVER_NAME, version: '1' },
}

const McpMessage = z.object({
  message: z.object({
    id: z.union([z.string(), z.number()]).optional(),
    method: z.string(),
    params: z
      .looseObject({
        _meta: z.looseObject({ 'claudecode/toolUseId': z.string().optional() }).optional(),
      })
      .optional(),
  }),
})

type Call = { result: PromiseWithResolvers<object>; taken: PromiseWithResolvers<void> }

/** Whether the CLI hands this result on as it is; others must be part of a seeded history. */
export function isDeliverable(result: ToolResultBlock): boolean {
  if (result.is_error) return errorText(result) !== undefined
  const { content } = result
  // The CLI replaces a blank result with '(completed with no output)', and may encode images anew.
  const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('')
  const plain = content.every((block) => block.type === 'text' && block.text !== '')
  return plain && text.trim() !== '' && text.length <= MAX_RESULT_CHARS
}

/**
 * The client's tools as an in-process MCP server over the control channel. A call is not answered
 * here: it waits, and the worker with it, until the client's next request brings the result.
 */
export class McpServer {
  readonly #calls = new Map<string, Call>()
  #tools: readonly ToolSpec[] = []

  /** What `initialize` says of the server; without tools there is none. */
  offer(tools: readonly ToolSpec[]): object {
    this.#tools = tools
    if (tools.length === 0) return {}
    return {
      sdkMcpServers: [SERVER_NAME],
      // A call that waits for long must not be moved to the background.
      sdkMcpServerConfigs: { [SERVER_NAME]: { disableAutoBackground: true } },
      sdkMcpServerManifests: {
        [SERVER_NAME]: { initializeResult: INITIALIZED, toolsListResult: this.#list() },
      },
    }
  }

  /** Answers the CLI's JSON-RPC; the promise of a tool call settles when `answer` is called. */
  async handle(request: ControlRequest): Promise<object> {
    const { message } = McpMessage.parse(request)
    const result = await this.#result(message)
    return { mcp_response: { jsonrpc: '2.0', id: message.id ?? 0, result } }
  }

  /** Answers a call and resolves when the CLI has put the result into its conversation. */
  async answer({ tool_use_id, content, is_error }: ToolResultBlock): Promise<void> {
    const call = this.#call(tool_use_id)
    call.result.resolve({ content, ...(is_error && { isError: true }) })
    return call.taken.promise
  }

  /** The results that the CLI prints are in the conversation. */
  noteResults({ message: { content } }: Extract<CliMessage, { type: 'user' }>): void {
    if (typeof content === 'string') return
    for (const { tool_use_id: id = '' } of content) {
      this.#calls.get(id)?.taken.resolve()
      this.#calls.delete(id)
    }
  }

  async #result({ method, params }: z.infer<typeof McpMessage>['message']): Promise<object> {
    switch (method) {
      case 'initialize':
        return INITIALIZED
      case 'tools/list':
        return this.#list()
      case 'tools/call': {
        const id = params?._meta?.['claudecode/toolUseId']
        if (id === undefined) throw new Error('A tool call without the id of its tool_use block.')
        return this.#call(id).result.promise
      }
      default:
        // Pings and notifications; the latter need an answer on this channel, too.
        return {}
    }
  }

  /** Made by whichever comes first, the CLI's call or the client's result. */
  #call(id: string): Call {
    const known = this.#calls.get(id)
    if (known) return known
    const call = {
      result: Promise.withResolvers<object>(),
      taken: Promise.withResolvers<void>(),
    }
    this.#calls.set(id, call)
    return call
  }

  #list(): object {
    return {
      tools: this.#tools.map(({ name, description, inputSchema }) => ({
        name,
        description,
        inputSchema: { type: 'object', ...inputSchema },
        // Calls that may not write are sent all at once; others one after another.
        annotations: { readOnlyHint: true },
        _meta: { 'anthropic/maxResultSizeChars': ANNOUNCED_RESULT_CHARS },
      })),
    }
  }
}
