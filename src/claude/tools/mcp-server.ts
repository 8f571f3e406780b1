import { z } from 'zod'
import type { Need } from '../../conversation/need.ts'
import type { ToolResultBlock, ToolSpec } from '../../conversation/types.ts'
import { errorText } from '../history/cli-content.ts'
import type { ControlRequest } from '../process/control.ts'
import type { CliMessage } from '../process/protocol.ts'

/** The names that the client's MCP server can have; see `change`. */
const NAMES = ['client', 'other', 'third', 'fourth'] as const
type Name = (typeof NAMES)[number]

/** For `--allowedTools`: grants every tool of the client; without it each call is refused locally. */
export const ALLOWED_TOOLS = NAMES.map((name) => `mcp__${name}`).join(',')

/** Announced for every tool: up to here the CLI hands a result on whole and writes no file. */
const ANNOUNCED_RESULT_CHARS = 500_000
/** Measured: 450,000 pass and 700,000 do not. Longer results are seeded, which has no limit. */
const MAX_RESULT_CHARS = 400_000

/** With exactly this version the CLI takes the manifest and skips the handshake. */
const INITIALIZED = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'client', version: '1' },
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
  /** The name under which the CLI knows the server now; none without tools. */
  #name: Name | undefined
  /** The names under which the tools of the last request may have been known. */
  #sent = new Set<Name | undefined>()
  /** What each tool was when it was first offered, by its name and schema. */
  readonly #known = new Map<string, string>()

  /** What `initialize` says of the server; without tools there is none. */
  offer({ conversation: { tools }, toolDigests }: Need): object {
    this.#note(tools, toolDigests)
    // A call that waits for long must not be moved to the background.
    const configs = NAMES.map((name) => [name, { disableAutoBackground: true }])
    const sdkMcpServerConfigs = Object.fromEntries(configs)
    const [name] = NAMES
    this.#name = tools.length > 0 ? name : undefined
    if (tools.length === 0) return { sdkMcpServerConfigs }
    return {
      sdkMcpServers: [name],
      sdkMcpServerConfigs,
      sdkMcpServerManifests: {
        [name]: { initializeResult: INITIALIZED, toolsListResult: this.#list() },
      },
    }
  }

  /**
   * Whether it can offer these tools in place of those that it has. Of a tool whose name and schema
   * the CLI knows it does not read the description again, whatever came between.
   */
  canChange({ toolDigests }: Need): boolean {
    const isOther = ([name, digest]: [string, string]) =>
      (this.#known.get(name) ?? digest) !== digest
    return this.#freeName() !== undefined && ![...toolDigests].some(isOther)
  }

  /**
   * The request that makes the CLI offer these tools in place of those that it has. A name that it
   * sent tools under in its last request brings those back when it is set again, so names take
   * turns.
   */
  change({ conversation: { tools }, toolDigests }: Need): ControlRequest {
    this.#note(tools, toolDigests)
    this.#name = tools.length === 0 ? undefined : this.#freeName()
    return setServers(this.#name)
  }

  /** A request is about to go to the model, with the tools that are offered now. */
  noteSent(): void {
    this.#sent.add(this.#name)
  }

  /** It has gone: no earlier one is the last. */
  noteAnswered(): void {
    this.#sent = new Set([this.#name])
  }

  /** Answers the CLI's JSON-RPC; the promise of a tool call settles when `answer` is called. */
  async handle(request: ControlRequest): Promise<object> {
    if (request.subtype !== 'mcp_message') {
      throw new Error(`unsupported request ${request.subtype}`)
    }
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

  /** The CLI has been made to forget the calls that it made. */
  forget(): void {
    for (const { taken } of this.#calls.values()) taken.resolve()
    this.#calls.clear()
  }

  #freeName(): Name | undefined {
    // To set a name that is set already does nothing.
    return NAMES.find((name) => name !== this.#name && !this.#sent.has(name))
  }

  #note(tools: readonly ToolSpec[], digests: ReadonlyMap<string, string>): void {
    this.#tools = tools
    for (const [name, digest] of digests) this.#known.set(name, digest)
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

function setServers(name: Name | undefined): ControlRequest {
  const servers = name === undefined ? {} : { [name]: { type: 'sdk', name } }
  return { subtype: 'mcp_set_servers', servers }
}
