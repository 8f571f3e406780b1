import type {
  AssistantBlock,
  DocumentBlock,
  Message,
  ToolResultBlock,
} from '../../conversation/types.ts'
import { createImageReader, type ImageReader } from '../../dialect/images/image.ts'
import type { Remarks } from '../../dialect/remarks.ts'
import type { RequestOptions } from '../../dialect/request-options.ts'
import { KeyedQueue } from '../../dialect/keyed-queue.ts'
import { joinInstructions, nameBlankParts, toTextBlocks } from '../../dialect/texts.ts'
import { TurnError } from '../../errors.ts'
import {
  type ContentBlock,
  type ContentReader,
  messageReader,
  resultReader,
  toDocumentBlock,
} from '../chat/content.ts'
import { MessageReader } from '../message-reader.ts'
import { invalid } from '../../dialect/invalid.ts'
import { type ContentPart, isKnown, type Item, type KnownItem } from './items.ts'
import { REFUSAL } from './output.ts'

type ReadOptions = Pick<RequestOptions, 'model' | 'remarks'>
type Content = string | readonly ContentPart[]
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
          toBlocks(item.content, `${path}.content`, messageReader(this.#images)),
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
        this.#blocks.push(this.#messages.openCall(toClientCall(item), `${path}.arguments`))
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

  /** The outputs of the turn's calls, in the client's order. */
  #takeResults(): ToolResultBlock[] {
    // The same id may occur again in a later turn, with another output.
    const outputs = [...this.#calls].flatMap((callId) => this.#outputs.take(callId) ?? [])
    return outputs
      .toSorted((a, b) => a.order - b.order)
      .flatMap(({ item, path }) => {
        this.#taken.add(item)
        const content = toBlocks(item.output, `${path}.output`, resultReader(this.#images))
        return this.#messages.closeCall(item.call_id, content) ?? []
      })
  }
}

function isOutput(item: KnownItem): item is Output {
  return item.type === 'function_call_output' || item.type === 'custom_tool_call_output'
}

function toClientCall(item: Call): { id: string; name: string; arguments: string } {
  const json =
    item.type === 'function_call' ? item.arguments : JSON.stringify({ input: item.input })
  return { id: item.call_id, name: item.name, arguments: json }
}

/** The texts of a message that can have nothing else. */
function toTexts(content: Content): string[] {
  if (typeof content === 'string') return [content]
  return content.flatMap((part) => {
    // This text was written here, not by the model.
    if (part.type === 'refusal') return part.refusal === REFUSAL ? [] : [part.refusal]
    return 'text' in part ? [part.text] : []
  })
}

function toBlocks(
  content: Content,
  path: string,
  { toText, toImage }: ContentReader,
): ContentBlock[] {
  if (typeof content === 'string') return toText(content)
  return content.flatMap((part, index): ContentBlock[] => {
    const at = `${path}[${index}]`
    switch (part.type) {
      case 'input_text':
      case 'output_text':
        return toText(part.text)
      case 'refusal':
        return toText(part.refusal)
      case 'input_image':
        if (part.image_url) return [toImage(part.image_url, `${at}.image_url`)]
        throw invalid(`${at}.image_url`, 'send the image as a data URL or an https URL')
      case 'input_file':
        if (!part.file_url) return [toDocumentBlock(part, at)]
        return [toLinkedDocument(part.file_url, part.filename ?? '', `${at}.file_url`)]
      default:
        return part satisfies never
    }
  })
}

/** The model API fetches the file; nothing is fetched here. */
function toLinkedDocument(url: string, title: string, param: string): DocumentBlock {
  if (!/^https?:\/\//i.test(url)) throw invalid(param, 'expected an https URL')
  return { type: 'document', source: { type: 'url', url }, ...(title !== '' && { title }) }
}
