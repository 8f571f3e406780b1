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
import { type BlockKind, SentAnswer } from './sent-answer.ts'
import { type Promised, STRUCTURED_OUTPUT } from './structured-output.ts'

/** What of the request decides how an answer may look. */
export type AnswerRules = Pick<Conversation, 'outputSchema' | 'parameters' | 'tools'> & {
  /** The ids of the calls that the worker remembers. */
  callIds?: CallIds
}

/** A block as it begins; `text` is what it begins with. */
export type BlockStart = {
  type: string
  id?: string | undefined
  name?: string | undefined
  text: string
}

/**
 * The answer as the client is to see it: the model's blocks, cut to what the request allows, with
 * structured output turned into text.
 */
export class Answer {
  readonly #sent = new SentAnswer()
  readonly #rules: AnswerRules
  readonly #calls = new Map<number, { id: string; name: string }>()
  /** Texts beside structured output: the client's content is the JSON, unless there is none. */
  #heldTexts: string[] = []
  /** The place of the block by which the model handed in structured output. */
  #json: number | undefined
  #promised: Promised | undefined
  #differs = false
  /** The CLI has answered a call by itself, and asks the model what it makes of that. */
  #answeredItself = false
  /** A call was left out, on which the worker waits. */
  #cut = false
  #began = -1

  constructor(rules: AnswerRules) {
    this.#rules = rules
  }

  /**
   * Whether the client's view differs from what the worker remembers, so that the conversation
   * cannot go on there.
   */
  get differs(): boolean {
    return this.#differs
  }

  /**
   * Whether the CLI is not content with it and would ask again by itself: nothing to read and no
   * tool to call, text where JSON was to be handed in, or a call that it answers without us.
   */
  get isWanting(): boolean {
    if (this.#answeredItself) return true
    const kinds = this.#sent.blocks.flatMap(({ kind, text }) => (text.trim() === '' ? [] : [kind]))
    const calls = kinds.includes('tool_use') || kinds.includes('json') || this.#cut
    return !calls && (this.#rules.outputSchema !== undefined || !kinds.includes('text'))
  }

  /** Whether the first `count` blocks hold more than thinking. */
  hasContent(count: number): boolean {
    return this.#sent.blocks.slice(0, count).some(({ kind }) => kind !== 'thinking')
  }

  /** What the model has written so far. */
  get blocks(): SentAnswer['blocks'] {
    return this.#sent.blocks
  }

  /** JSON that is complete, to be checked before the client hears that the answer ended well. */
  get promised(): Promised | undefined {
    return this.#promised
  }

  /** The answer as a message of the history; of calls, the arguments as parsed JSON. */
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
    // A repeated call has another id, and the worker waits under that one.
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
        this.#heldTexts.push((this.#heldTexts.pop() ?? '') + text)
        return []
      default:
        return kind satisfies never
    }
  }

  /** A call without arguments has none in the stream; to a client they are an empty object. */
  endBlock(): TurnEvent[] {
    const block = this.#sent.current
    if (block?.kind !== 'tool_use') return []
    if (block.text === '') return this.piece('{}')
    const input = parseArguments(block.text)
    if (typeof input !== 'object' || input === null) this.#answeredByCli()
    if (isRememberedOtherwise(block.text)) this.#differs = true
    return []
  }

  /** The CLI has put the blocks so far together: structured output among them is complete. */
  noteWhole(): void {
    const { outputSchema } = this.#rules
    const json = this.#handedIn
    if (outputSchema && json !== undefined) this.#promised = { json, outputSchema }
  }

  /** Ends the answer: what was held back, and the reason as the client is to see it. */
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
    const text = json ?? this.#heldTexts.join('')
    this.#promised = whole && outputSchema?.strict ? { json: text, outputSchema } : undefined
    // The CLI has answered the call itself, and its history is not the client's any more.
    if (json !== undefined || whole) this.#differs = true
    return json === undefined ? this.#releaseHeldText() : []
  }

  /** Tells a text or a thought from the one before it, with nothing or something unseen between. */
  #separation(): TurnEvent[] {
    const current = this.#sent.current?.kind
    if (current !== 'text' && current !== 'thinking') return []
    const isHeld = current === 'text' && this.#rules.outputSchema !== undefined
    if (isHeld) this.#heldTexts.push('')
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
    // The CLI would give this call the result of another: its history must be seeded anew.
    if (this.#rules.callIds?.claim(id) === false) this.#differs = true
    return [...this.#releaseHeldText(), { type: 'tool_call', index, id, name }, ...this.piece(text)]
  }

  #releaseHeldText(): TurnEvent[] {
    const texts = this.#heldTexts.filter((text) => text !== '')
    this.#heldTexts = []
    return texts.flatMap((text, index): TurnEvent[] => [
      ...(index === 0 ? [] : [{ type: 'next_block' } as const]),
      { type: 'text', text },
    ])
  }

  /**
   * A call that the CLI does not hand on: it tells the model by itself what is wrong with it. The
   * client is to hear of it and to answer for itself, so there the conversation parts from ours.
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
      // One answer is one value; what the model hands in after the first is not part of it.
      this.#json ??= this.#began + 1
      return this.#json === this.#began + 1 ? 'json' : 'other'
    }
    if (this.#allowsCall(name)) return 'tool_use'
    this.#cut = true
    this.#differs = true
    return 'other'
  }

  /** The request's word on tools is kept, whether the model keeps it or not. */
  #allowsCall(name: string): boolean {
    const { toolChoice, parallelToolCalls } = this.#rules.parameters
    // A block that is being repeated was counted when it first came.
    const isFirst = this.#calls.size === 0 || this.#calls.has(this.#began + 1)
    if (!parallelToolCalls && !isFirst) return false
    if (toolChoice.type === 'none') return false
    return toolChoice.type !== 'tool' || toolChoice.name === name
  }
}
