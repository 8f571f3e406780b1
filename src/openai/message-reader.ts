import type {
  AssistantBlock,
  Message,
  ToolResultBlock,
  ToolUseBlock,
  UserBlock,
} from '../conversation/types.ts'

/** A call as clients send it back: the arguments are the text the model wrote. */
type ClientCall = { id: string; name: string; arguments: string }

/** Collects a history as turns of user and assistant, with every call next to its result. */
export class MessageReader {
  readonly turns: Message[] = []
  /** Calls without a result yet: the client's id, and the one the model API gets. */
  #open: { clientId: string; id: string }[] = []
  readonly #usedIds = new Set<string>()

  /** The client's ids of calls without a result. */
  get openCalls(): string[] {
    return this.#open.map(({ clientId }) => clientId)
  }

  /**
   * One user message after another is one turn of the user. The CLI would join them as well, but
   * with a line break added to the text.
   */
  addUser(content: readonly UserBlock[]): void {
    const last = this.turns.at(-1)
    if (last?.role === 'user') last.content.push(...content)
    else if (content.length > 0) this.turns.push({ role: 'user', content: [...content] })
  }

  addAssistant(content: AssistantBlock[]): void {
    if (content.length > 0) this.turns.push({ role: 'assistant', content })
  }

  openCall(call: ClientCall): ToolUseBlock {
    const id = this.#uniqueId(call.id)
    this.#open.push({ clientId: call.id, id })
    return { type: 'tool_use', id, name: call.name, input: toInput(call.arguments) }
  }

  /** The result of an open call; undefined if there is no such call. */
  closeCall(clientId: string, content: ToolResultBlock['content']): ToolResultBlock | undefined {
    // A client that gave two calls the same id gives their results in the same order.
    const call = this.#open.find((open) => open.clientId === clientId)
    if (!call) return undefined
    this.#open = this.#open.filter((open) => open !== call)
    return { tool_use_id: call.id, type: 'tool_result', content }
  }

  /** The model API takes few characters in an id, and each id once; clients differ. */
  #uniqueId(clientId: string): string {
    const base = clientId.replaceAll(/[^\w-]/g, '_') || 'call'
    let id = base
    for (let n = 2; this.#usedIds.has(id); n++) id = `${base}_${n}`
    this.#usedIds.add(id)
    return id
  }
}

/** Arguments are the model's own words; if they were cut off, they are handed back as they are. */
function toInput(json: string): unknown {
  if (json.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(json)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? value : { value }
  } catch {
    return { arguments: json }
  }
}
