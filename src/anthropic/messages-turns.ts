import { CallIds } from '../conversation/call-ids.ts'
import type {
  AssistantBlock,
  DocumentBlock,
  Message,
  TextBlock,
  ToolResultBlock,
  UserBlock,
} from '../conversation/types.ts'
import { readBase64 } from '../dialect/images/base64.ts'
import { isExactValue } from '../dialect/calls/call-arguments.ts'
import { createImageReader, type ImagePlace, type ImageReader } from '../dialect/images/image.ts'
import { invalid } from '../dialect/invalid.ts'
import type { Remarks } from '../dialect/remarks.ts'
import type { RequestOptions } from '../dialect/request-options.ts'
import { toDataBlocks, toTextBlocks } from '../dialect/texts.ts'
import type { AssistantParam, MessageParam, ToolResultParam, UserParam } from './messages-schema.ts'

type ReadOptions = Pick<RequestOptions, 'model' | 'remarks'>

/**
 * Converts the client's messages into turns of user and assistant, with each result in the turn
 * after its call.
 */
export function toTurns(messages: readonly MessageParam[], options: ReadOptions): Message[] {
  const reader = new TurnReader(options)
  for (const [index, message] of messages.entries()) reader.read(message, `messages[${index}]`)
  reader.requireResults()
  return reader.turns
}

class TurnReader {
  readonly turns: Message[] = []
  /** Calls without a result: by the client's id, the id for the model API. */
  readonly #open = new Map<string, string>()
  readonly #usedIds = new Set<string>()
  readonly #ids = new CallIds()
  readonly #images: ImageReader
  readonly #remarks: Remarks

  constructor(options: ReadOptions) {
    this.#images = createImageReader(options)
    this.#remarks = options.remarks
  }

  read(message: MessageParam, path: string): void {
    switch (message.role) {
      case 'system':
        return
      case 'user':
        return this.#addUser(blocksOf(message.content), `${path}.content`)
      case 'assistant':
        this.requireResults()
        return this.#addAssistant(blocksOf(message.content), `${path}.content`)
      default:
        return message satisfies never
    }
  }

  /** The CLI would invent a result for a call without one. */
  requireResults(): void {
    if (this.#open.size === 0) return
    const missing = [...this.#open.keys()].join(', ')
    throw invalid(
      'messages',
      `'tool_use' ids were found without 'tool_result' blocks in the next user message: ${missing}`,
    )
  }

  #addUser(params: readonly UserParam[], path: string): void {
    const content = params.flatMap((block, index) => this.#toUserBlocks(block, `${path}[${index}]`))
    // Successive messages of the same role are one turn.
    const last = this.turns.at(-1)
    if (last?.role === 'user') for (const block of content) last.content.push(block)
    else if (content.length > 0) this.turns.push({ role: 'user', content })
  }

  #addAssistant(params: readonly AssistantParam[], path: string): void {
    const content = params.flatMap((block, index) => this.#toAnswer(block, `${path}[${index}]`))
    const last = this.turns.at(-1)
    if (last?.role === 'assistant') for (const block of content) last.content.push(block)
    else if (content.length > 0) this.turns.push({ role: 'assistant', content })
  }

  #toUserBlocks(block: UserParam, path: string): UserBlock[] {
    if (block.type !== 'tool_result') return this.#toContent(block, path, 'message')
    const id = this.#open.get(block.tool_use_id)
    if (id === undefined) {
      throw invalid(
        `${path}.tool_use_id`,
        `the message before has no 'tool_use' block with the id '${block.tool_use_id}' that waits for a result`,
      )
    }
    this.#open.delete(block.tool_use_id)
    return [this.#toResult(id, block, path)]
  }

  #toAnswer(block: AssistantParam, path: string): AssistantBlock[] {
    switch (block.type) {
      case 'text':
        return toTextBlocks(block.text)
      case 'tool_use': {
        const { type, id, name, input } = block
        if (this.#usedIds.has(id)) throw invalid(`${path}.id`, `there is another call '${id}'`)
        this.#usedIds.add(id)
        if (!isExactValue(input)) this.#remarks.change(`${path}.input`)
        const ownId = this.#ids.assign(id)
        this.#open.set(id, ownId)
        return [{ type, id: ownId, name, input }]
      }
      // The CLI keeps its own thinking, and accepts no other.
      case 'thinking':
      case 'redacted_thinking':
        return []
      default:
        return block satisfies never
    }
  }

  #toContent(block: ContentParam, path: string, place: ImagePlace): ContentBlock[] {
    switch (block.type) {
      case 'text':
        return toTextBlocks(block.text)
      case 'image': {
        const { source } = block
        const at = `${path}.source`
        if (source.type === 'url') return [this.#images.fromUrl(source.url, `${at}.url`, place)]
        const image = { data: source.data, mediaType: source.media_type.toLowerCase() }
        return [this.#images.fromBase64(image, `${at}.data`, place)]
      }
      case 'document':
        return [toDocument(block, path)]
      default:
        return block satisfies never
    }
  }

  #toResult(id: string, { content, is_error }: ToolResultParam, path: string): ToolResultBlock {
    const params = blocksOf(content ?? '')
    // The CLI would send only the text.
    const other = is_error ? params.findIndex(({ type }) => !isText(type)) : -1
    if (other !== -1) {
      throw invalid(`${path}.content[${other}]`, 'a result with `is_error` has nothing but text')
    }
    const blocks = params.flatMap((block, index) =>
      this.#toResultContent(block, `${path}.content[${index}]`),
    )
    return {
      ...{ tool_use_id: id, type: 'tool_result', content: blocks },
      ...(is_error && { is_error }),
    }
  }

  /** The output of a tool is data, so white space is kept. */
  #toResultContent(block: ResultParam, path: string): ContentBlock[] {
    if (block.type === 'tool_reference') {
      this.#remarks.change(path)
      return [{ type: 'text', text: block.tool_name }]
    }
    if (block.type !== 'text') return this.#toContent(block, path, 'tool_result')
    return toDataBlocks(block.text)
  }
}

/** Types that become text, including the names of tools that a search found. */
function isText(type: string): boolean {
  return type === 'text' || type === 'tool_reference'
}

function blocksOf<Block>(content: string | readonly Block[]): readonly (Block | TextBlock)[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

type ContentParam = Exclude<UserParam, { type: 'tool_result' }>
type DocumentParam = Extract<UserParam, { type: 'document' }>
type ContentBlock = Exclude<UserBlock, ToolResultBlock>

function toDocument(block: DocumentParam, path: string): DocumentBlock {
  const { type, title, context } = block
  const source =
    block.source.type === 'base64'
      ? { ...block.source, data: readBase64(block.source.data, `${path}.source.data`).data }
      : block.source
  return { type, source, ...(title && { title }), ...(context && { context }) }
}

type ResultParam = Exclude<NonNullable<ToolResultParam['content']>, string>[number]
