import type { CallIds } from '../../conversation/call-ids.ts'
import type {
  AssistantBlock,
  AssistantMessage,
  Conversation,
  StopReason,
  TurnEvent,
} from '../../conversation/types.ts'
import { isEmptyToCli } from '../history/cli-content.ts'
import { isRememberedOtherwise, parseArguments } from './call-arguments.ts'
import { HeldTexts } from './held-texts.ts'
import { type BlockKind, SentAnswer } from './sent-answer.ts'
import { type Promised, STRUCTURED_OUTPUT } from './structured-output.ts'

/** The parts of a request that decide what its answer may contain. */
export type AnswerRules = Pick<Conversation, 'outputSchema' | 'parameters' | 'tools'> & {
  /** The ids of the calls in the worker's history. */
  callIds?: CallIds
}

/** The start of a block; `text` is its first piece. */
export type BlockStart = {
  type: string
  id?: string | undefined
  name?: string | undefined
  text: string
}

/**
 * The answer as the client sees it: the model's blocks without those that the request forbids, and
 * structured output as text.
 */
export class Answer {
  readonly #sent = new SentAnswer()
  readonly #rules: AnswerRules
  readonly #calls = new Map<number, { id: string; name: string }>()
  readonly #heldTexts = new HeldTexts()
  /** The index of the block in which the model submitted structured output. */
  #json: number | undefined
  #promised: Promised | undefined
  #differs = false
  /** Whether the CLI answered a call by itself and asks the model to go on. */
  #answeredItself = false
  /** Whether a call was left out, for whose result the worker waits. */
  #cut = false
  #began = -1

  constructor(rules: AnswerRules) {
    this.#rules = rules
  }

  /**
   * Whether the client's view differs from the worker's history, so that the worker cannot continue
   * the conversation.
   */
  get differs(): boolean {
    return this.#differs
  }

  /**
   * Whether the CLI would ask the model again by itself: after an answer without text or calls,
   * after text where JSON was required, or after a call that the CLI answers itself.
   */
  get isWanting(): boolean {
    if (this.#answeredItself) return true
    const kinds = this.#sent.blocks.flatMap(({ kind, text }) => (text.trim() === '' ? [] : [kind]))
    const calls = kinds.includes('tool_use') || kinds.includes('json') || this.#cut
    return !calls && (this.#rules.outputSchema !== undefined || !kinds.includes('text'))
  }

  /** Whether the first `count` blocks contain anything but thinking. */
  hasContent(count: number): boolean {
    return this.#sent.blocks.slice(0, count).some(({ kind }) => kind !== 'thinking')
  }

  /** The blocks that the model has written so far. */
  get blocks(): SentAnswer['blocks'] {
    return this.#sent.blocks
  }

  /**
   * The complete JSON, if any. It is checked before the client hears that the answer ended well.
   */
  get promised(): Promised | undefined {
    return this.#promised
  }

  /** The answer as a message of the history. The arguments of calls are parsed JSON. */
  get message(): AssistantMessage {
    const content = this.#sent.blocks.flatMap(({ kind, text }, index): AssistantBlock[] => {
      const call = this.#calls.get(index)
      if (call) return [{ type: 'tool_use', ...call, input: parseArguments(text) }]
      return kind === 'text' ? [{ type: 'text', text }] : []
    })
    return { role: 'assistant', content }
  }

  beginMessage(): void {
    this.#sent.beginMessage()
    this.#began = -1
  }

  beginBlock(block: BlockStart): TurnEvent[] {
    const kind = this.#kindOf(block)
    const isNew = this.#sent.beginBlock(kind)
    this.#began++
    if (kind !== 'tool_use') {
      return [...(isNew ? this.#separation() : []), ...this.piece(block.text)]
    }
    // A repeated call has a new id, and the worker waits for a result under that id.
    if (!isNew) this.#differs = true
    return isNew ? this.#beginCall(block) : this.piece(block.text)
  }

  piece(piece: string): TurnEvent[] {
    const kind = this.#sent.current?.kind
    if (kind === undefined || kind === 'other') return []
    const text = this.#sent.admit(piece)
    if (text === '') return []
    switch (kind) {
      case 'json':
        return [{ type: 'text', text }]
      case 'tool_use':
        return [{ type: 'tool_arguments', index: this.#callIndex(), json: text }]
      case 'thinking':
        return [{ type: 'thinking', text }]
      case 'text':
        if (!this.#rules.outputSchema) return [{ type: 'text', text }]
        this.#heldTexts.add(text)
        return []
      default:
        return kind satisfies never
    }
  }

  /** A call without arguments has none in the stream; clients expect an empty object. */
  endBlock(): TurnEvent[] {
    const block = this.#sent.current
    if (block?.kind !== 'tool_use') return []
    if (block.text === '') return this.piece('{}')
    const input = parseArguments(block.text)
    if (typeof input !== 'object' || input === null) this.#answeredByCli()
    if (isRememberedOtherwise(block.text)) this.#differs = true
    return []
  }

  /** The CLI has assembled the blocks so far, so structured output among them is complete. */
  noteWhole(): void {
    const { outputSchema } = this.#rules
    const json = this.#handedIn
    if (outputSchema && json !== undefined) this.#promised = { json, outputSchema }
  }

  /** Ends the answer: returns the texts that were held back, and the stop reason for the client. */
  end(reason: StopReason): { events: TurnEvent[]; reason: StopReason } {
    this.#sent.endMessage()
    // The CLI would leave such an answer out of its next request.
    if (this.#calls.size === 0 && this.#textBlocks().every(isEmptyToCli)) this.#differs = true
    const ended = reason === 'tool_calls' && this.#calls.size === 0 ? 'end' : reason
    if (!this.#rules.outputSchema) return { events: [], reason: ended }
    return { events: this.#endStructured(ended), reason: ended }
  }

  #textBlocks(): string[] {
    return this.#sent.blocks.flatMap(({ kind, text }) => (kind === 'text' ? [text] : []))
  }

  #endStructured(reason: StopReason): TurnEvent[] {
    const { outputSchema } = this.#rules
    const json = this.#handedIn
    const whole = reason === 'end' || reason === 'stop_sequence'
    const text = json ?? this.#heldTexts.joined
    this.#promised = whole && outputSchema?.strict ? { json: text, outputSchema } : undefined
    // The CLI answered the call itself, so its history differs from the client's.
    if (json !== undefined || whole) this.#differs = true
    return json === undefined ? this.#heldTexts.release() : []
  }

  /**
   * Separates a text or a thought from the one before it, if nothing visible is between the two.
   */
  #separation(): TurnEvent[] {
    const current = this.#sent.current?.kind
    if (current !== 'text' && current !== 'thinking') return []
    const isHeld = current === 'text' && this.#rules.outputSchema !== undefined
    if (isHeld) this.#heldTexts.begin()
    const before = this.#sent.blocks.slice(0, -1)
    const isNext = before.some(({ kind, text }) => kind === current && text !== '')
    return isNext && !isHeld ? [{ type: 'next_block' }] : []
  }

  get #handedIn(): string | undefined {
    return this.#sent.blocks.find(({ kind }) => kind === 'json')?.text
  }

  #beginCall({ id = '', name = '', text }: BlockStart): TurnEvent[] {
    const index = this.#calls.size
    this.#calls.set(this.#began, { id, name })
    if (!this.#rules.tools.some((tool) => tool.name === name)) this.#answeredByCli()
    // The CLI would give this call the result of another one, so the history must go to a new
    // worker.
    if (this.#rules.callIds?.claim(id) === false) this.#differs = true
    return [
      ...this.#heldTexts.release(),
      { type: 'tool_call', index, id, name },
      ...this.piece(text),
    ]
  }

  /**
   * A call that the CLI answers with an error instead of passing it on. The client gets the call
   * and answers it, so the worker's history no longer matches the client's.
   */
  #answeredByCli(): void {
    this.#differs = true
    this.#answeredItself = true
  }

  #callIndex(): number {
    return [...this.#calls.keys()].indexOf(this.#began)
  }

  #kindOf({ type, name = '' }: BlockStart): BlockKind {
    if (type === 'text' || type === 'thinking') return type
    if (type !== 'tool_use') return 'other'
    if (this.#rules.outputSchema && name === STRUCTURED_OUTPUT) {
      // An answer holds one JSON value; what the model submits after the first is dropped.
      this.#json ??= this.#began + 1
      return this.#json === this.#began + 1 ? 'json' : 'other'
    }
    if (this.#allowsCall(name)) return 'tool_use'
    this.#cut = true
    this.#differs = true
    return 'other'
  }

  /** Enforces `tool_choice` and `parallel_tool_calls`, whatever the model does. */
  #allowsCall(name: string): boolean {
    const { toolChoice, parallelToolCalls } = this.#rules.parameters
    // A block that is repeated was counted when it came first.
    const isFirst = this.#calls.size === 0 || this.#calls.has(this.#began + 1)
    if (!parallelToolCalls && !isFirst) return false
    if (toolChoice.type === 'none') return false
    return toolChoice.type !== 'tool' || toolChoice.name === name
  }
}
