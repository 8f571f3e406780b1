import { CallIds } from '../../conversation/call-ids.ts'
import type {
  AssistantBlock,
  Message,
  ToolResultBlock,
  ToolUseBlock,
  UserBlock,
} from '../../conversation/types.ts'
import type { CallArguments } from './call-arguments.ts'
import { KeyedQueue } from './keyed-queue.ts'
import type { Remarks } from '../remarks.ts'

/** A call as clients send it back. */
type ClientCall = { id: string; name: string }

/** Collects a history as turns of user and assistant, with every result right after its call. */
export class MessageReader {
  readonly turns: Message[] = []
  /** Calls without a result: by the client's id, the id for the model API. */
  readonly #open = new KeyedQueue<string>()
  readonly #ids = new CallIds()
  readonly #remarks: Remarks

  constructor(remarks: Remarks) {
    this.#remarks = remarks
  }

  /** The client's ids of calls without a result. */
  get openCalls(): string[] {
    return this.#open.keys()
  }

  hasOpenCall(clientId: string): boolean {
    return this.#open.has(clientId)
  }

  /**
   * Joins successive user messages into one turn. The CLI would do so, too, but it would add a line
   * break.
   */
  addUser(content: readonly UserBlock[]): void {
    const last = this.turns.at(-1)
    if (last?.role === 'user') for (const block of content) last.content.push(block)
    else if (content.length > 0) this.turns.push({ role: 'user', content: [...content] })
  }

  addAssistant(content: AssistantBlock[]): void {
    if (content.length > 0) this.turns.push({ role: 'assistant', content })
  }

  /** `path` is the place of the arguments in the request. */
  openCall(call: ClientCall, { input, isExact }: CallArguments, path: string): ToolUseBlock {
    if (!isExact) this.#remarks.change(path)
    const id = this.#ids.assign(call.id)
    this.#open.put(call.id, id)
    return { type: 'tool_use', id, name: call.name, input }
  }

  /** The result of an open call; undefined if there is no such call. */
  closeCall(clientId: string, content: ToolResultBlock['content']): ToolResultBlock | undefined {
    // If a client gave two calls the same id, their results come in the same order.
    const id = this.#open.take(clientId)
    return id === undefined ? undefined : { tool_use_id: id, type: 'tool_result', content }
  }
}
