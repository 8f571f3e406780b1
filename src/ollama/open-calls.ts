import { KeyedQueue } from '../dialect/calls/keyed-queue.ts'

/**
 * Calls without a result. In Ollama's API a result names its call by id, by the name of the tool,
 * or not at all: then it belongs to the first open call. Calls without an id get one by their place
 * in the history, so that the beginning of a conversation keeps its bytes.
 */
export class OpenCalls {
  /** The names of the tools, by the ids of the calls, in their order. */
  readonly #open = new Map<string, string>()
  /** The ids by name; some of them may have been taken in another way. */
  readonly #byName = new KeyedQueue<string>()
  #count = 0

  /** The tools whose calls are open. */
  get names(): string[] {
    return [...this.#open.values()]
  }

  /** The id of a new call: the client's, unless another open call has it. */
  open(name: string, clientId: string | undefined): string {
    let id = clientId
    while (id === undefined || this.#open.has(id)) id = `call-${this.#count++}`
    this.#open.set(id, name)
    this.#byName.put(name, id)
    return id
  }

  /** The id of the call that a result belongs to; undefined if there is none. */
  take({ id, name }: { id: string | undefined; name: string | undefined }): string | undefined {
    const taken = id !== undefined && this.#open.has(id) ? id : this.#next(name)
    if (taken !== undefined) this.#open.delete(taken)
    return taken
  }

  #next(name: string | undefined): string | undefined {
    if (name === undefined) return this.#open.keys().next().value
    let id = this.#byName.take(name)
    while (id !== undefined && !this.#open.has(id)) id = this.#byName.take(name)
    return id
  }
}
