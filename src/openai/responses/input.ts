import type { AssistantBlock, Message, ToolResultBlock } from '../../conversation/types.ts'
import { readCallArguments } from '../../dialect/calls/call-arguments.ts'
import { createImageReader, type ImageReader } from '../../dialect/images/image.ts'
import type { Remarks } from '../../dialect/remarks.ts'
import type { RequestOptions } from '../../dialect/request-options.ts'
import { KeyedQueue } from '../../dialect/calls/keyed-queue.ts'
import { joinInstructions, nameBlankParts, toTextBlocks } from '../../dialect/texts.ts'
import { TurnError } from '../../errors.ts'
import { messageReader, resultReader } from '../content.ts'
import { toContentBlocks } from './content.ts'
import { MessageReader } from '../../dialect/calls/message-reader.ts'
import { invalid } from '../../dialect/invalid.ts'
import { type ContentPart, isKnown, type Item, type KnownItem } from './items.ts'
import { REFUSAL } from './output.ts'

type ReadOptions = Pick<RequestOptions, 'model' | 'remarks'>
type Call = Extract<KnownItem, { type: 'function_call' | 'custom_tool_call' }>
type Output = Extract<KnownItem, { type: 'function_call_output' | 'custom_tool_call_output' }>

/** The items of earlier responses, and the new ones of this request. */
export type History = { before: readonly Item[]; input: readonly Item[] }
/** An item and its place in the request, for errors. */
type Placed<I extends KnownItem = KnownItem> = { item: I; path: string }
type PlacedOutput = Placed<Output> & { order: number }

export function toSystem(
  instructions: string | null | undefined,
  history: History,
  remarks: Remarks,
): string {
  const texts = placed(history).flatMap(({ item }) => {
    if (item.type !== 'message') return []
    return item.role === 'system' || item.role === 'developer' ? toTexts(item.content) : []
  })
  return joinInstructions([instructions ?? '', ...texts], 'instructions', remarks)
}

/**
 * Converts items into turns of user and assistant. Successive texts and calls of the assistant are
 * one turn, followed by the outputs of its calls, wherever these are in the list.
 */
export function toTurns(history: History, options: ReadOptions): Message[] {
  const items = placed(history)
  const reader = new ItemReader(items, options)
  for (const item of items) reader.read(item)
  reader.endTurn()
  return reader.turns
}

function placed({ before, input }: History): Placed[] {
  return [
    ...place(before, () => 'previous_response_id'),
    ...place(input, (index) => `input[${index}]`),
  ]
}

function place(items: readonly Item[], pathOf: (index: number) => string): Placed[] {
  return items.flatMap((item, index) => (isKnown(item) ? [{ item, path: pathOf(index) }] : []))
}

class ItemReader {
  readonly #messages: MessageReader
  readonly #images: ImageReader
  readonly #remarks: Remarks
  /** Outputs whose call has not been read yet, by the id of the call. */
  readonly #outputs = new KeyedQueue<PlacedOutput>()
  readonly #taken = new Set<Output>()
  /** The blocks of the assistant's current turn. */
  #blocks: AssistantBlock[] = []
  readonly #calls = new Set<string>()

  constructor(items: readonly Placed[], options: ReadOptions) {
    this.#images = createImageReader(options)
    this.#remarks = options.remarks
    this.#messages = new MessageReader(options.remarks)
    for (const [order, { item, path }] of items.entries()) {
      if (isOutput(item)) this.#outputs.put(item.call_id, { item, path, order })
    }
  }

  get turns(): Message[] {
    return this.#messages.turns
  }

  read({ item, path }: Placed): void {
    switch (item.type) {
      case 'message':
        nameBlankParts(item.content, `${path}.content`, this.#remarks)
        if (item.role === 'assistant')
          for (const block of toTexts(item.content).flatMap(toTextBlocks)) this.#blocks.push(block)
        if (item.role !== 'user') return
        this.endTurn()
        return this.#messages.addUser(
          toContentBlocks(item.content, `${path}.content`, messageReader(this.#images)),
        )
      case 'function_call':
      case 'custom_tool_call':
        // An answer that was cut off during a call, which nobody could run.
        if (item.status === 'incomplete' && !this.#outputs.has(item.call_id)) {
          return this.#remarks.ignore(path)
        }
        if (this.#calls.has(item.call_id)) {
          throw invalid(`${path}.call_id`, `there are two calls '${item.call_id}' in a row`)
        }
        this.#calls.add(item.call_id)
        this.#openCall(item, `${path}.arguments`)
        return
      case 'function_call_output':
      case 'custom_tool_call_output':
        this.endTurn()
        if (this.#taken.has(item)) return
        throw new TurnError(
          'invalid_request',
          `No tool call found for function call output with call_id ${item.call_id}.`,
          { param: 'input' },
        )
      case 'reasoning':
      case 'item_reference':
        return
      default:
        return item satisfies never
    }
  }

  endTurn(): void {
    this.#messages.addAssistant(this.#blocks)
    this.#blocks = []
    this.#messages.addUser(this.#takeResults())
    this.#calls.clear()
    const [missing] = this.#messages.openCalls
    if (missing === undefined) return
    throw new TurnError('invalid_request', `No tool output found for function call ${missing}.`, {
      param: 'input',
    })
  }

  #openCall(item: Call, path: string): void {
    const json =
      item.type === 'function_call' ? item.arguments : JSON.stringify({ input: item.input })
    const call = { id: item.call_id, name: item.name }
    this.#blocks.push(this.#messages.openCall(call, readCallArguments(json), path))
  }

  /** The outputs of the turn's calls, in the client's order. */
  #takeResults(): ToolResultBlock[] {
    // The same id may occur again in a later turn, with another output.
    const outputs = [...this.#calls].flatMap((callId) => this.#outputs.take(callId) ?? [])
    return outputs
      .toSorted((a, b) => a.order - b.order)
      .flatMap(({ item, path }) => {
        this.#taken.add(item)
        const content = toContentBlocks(item.output, `${path}.output`, resultReader(this.#images))
        return this.#messages.closeCall(item.call_id, content) ?? []
      })
  }
}

function isOutput(item: KnownItem): item is Output {
  return item.type === 'function_call_output' || item.type === 'custom_tool_call_output'
}

/** The words of a message that can have nothing else. */
function toTexts(content: string | readonly ContentPart[]): string[] {
  if (typeof content === 'string') return [content]
  return content.flatMap((part) => {
    // This text was written here, not by the model.
    if (part.type === 'refusal') return part.refusal === REFUSAL ? [] : [part.refusal]
    return 'text' in part ? [part.text] : []
  })
}
