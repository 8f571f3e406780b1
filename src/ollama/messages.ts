import type { AssistantBlock, ImageBlock, Message, UserBlock } from '../conversation/types.ts'
import { isExactValue } from '../dialect/calls/call-arguments.ts'
import type { ImagePlace, ImageReader } from '../dialect/images/image.ts'
import { invalid } from '../dialect/invalid.ts'
import { MessageReader } from '../dialect/calls/message-reader.ts'
import type { Remarks } from '../dialect/remarks.ts'
import { toDataBlocks, toTextBlocks } from '../dialect/texts.ts'
import { OpenCalls } from './open-calls.ts'
import type { OllamaMessage } from './schema.ts'

type Role<R extends OllamaMessage['role']> = Extract<OllamaMessage, { role: R }>

/** The client's messages as turns of user and assistant, with every call next to its result. */
export function toMessages(
  messages: readonly OllamaMessage[],
  images: ImageReader,
  remarks: Remarks,
): Message[] {
  const reader = new HistoryReader(images, remarks)
  for (const [index, message] of messages.entries()) reader.read(message, `messages[${index}]`)
  return reader.end()
}

/** Images stand before the text, where models read them best. */
export function toUserBlocks(
  { text, images }: { text: string; images: ImageBlock[] },
  toText = toTextBlocks,
): (ImageBlock | ReturnType<typeof toTextBlocks>[number])[] {
  return [...images, ...toText(text)]
}

export function toImages(
  images: readonly string[] | null | undefined,
  path: string,
  reader: ImageReader,
  place: ImagePlace,
): ImageBlock[] {
  return (images ?? []).map((data, index) =>
    reader.fromBase64({ data, mediaType: undefined }, `${path}[${index}]`, place),
  )
}

class HistoryReader {
  readonly #reader: MessageReader
  readonly #calls = new OpenCalls()
  readonly #images: ImageReader
  /** The answer that is being read: clients send its text and its calls in one message or in two. */
  #answer: AssistantBlock[] = []

  constructor(images: ImageReader, remarks: Remarks) {
    this.#images = images
    this.#reader = new MessageReader(remarks)
  }

  read(message: OllamaMessage, path: string): void {
    switch (message.role) {
      case 'system':
        return
      case 'user':
        return this.#addUser(message, path)
      case 'assistant':
        return this.#addAnswer(message, path)
      case 'tool':
        return this.#addResult(message, path)
      default:
        return message satisfies never
    }
  }

  end(): Message[] {
    this.#endAnswer()
    this.#requireResults()
    return this.#reader.turns
  }

  #addUser({ content, images }: Role<'user'>, path: string): void {
    this.#endAnswer()
    this.#requireResults()
    const read = toImages(images, `${path}.images`, this.#images, 'message')
    this.#reader.addUser(toUserBlocks({ text: content ?? '', images: read }))
  }

  #addAnswer({ content, tool_calls }: Role<'assistant'>, path: string): void {
    if (this.#answer.length === 0) this.#requireResults()
    for (const block of toTextBlocks(content ?? '')) this.#answer.push(block)
    for (const [index, call] of (tool_calls ?? []).entries()) {
      const { name, arguments: input } = call.function
      const id = this.#calls.open(name, call.id || undefined)
      const given = { input: input ?? {}, isExact: isExactValue(input) }
      const place = `${path}.tool_calls[${index}].function.arguments`
      this.#answer.push(this.#reader.openCall({ id, name }, given, place))
    }
  }

  #addResult(message: Role<'tool'>, path: string): void {
    this.#endAnswer()
    const { content, images, tool_call_id: id } = message
    const name = message.tool_name || message.name || undefined
    const callId = this.#calls.take({ id: id || undefined, name })
    const read = toImages(images, `${path}.images`, this.#images, 'tool_result')
    const blocks = toUserBlocks({ text: content ?? '', images: read }, toDataBlocks)
    const result = callId === undefined ? undefined : this.#reader.closeCall(callId, blocks)
    if (!result) throw invalid(path, `it answers no call${name ? ` of '${name}'` : ''}`)
    this.#reader.addUser([result] satisfies UserBlock[])
  }

  #endAnswer(): void {
    this.#reader.addAssistant(this.#answer)
    this.#answer = []
  }

  #requireResults(): void {
    const missing = this.#calls.names
    if (missing.length === 0) return
    throw invalid(
      'messages',
      `each call needs a message with role 'tool' behind it; there is none for ${missing.join(', ')}`,
    )
  }
}
