import { TurnError } from '../../errors.ts'
import type { AssistantMessage, StreamEvent } from '../process/protocol.ts'
import { isRememberedOtherwise, parseArguments } from './call-arguments.ts'

type Delta = Extract<StreamEvent, { type: 'content_block_delta' }>['delta']
type Start = Extract<StreamEvent, { type: 'content_block_start' }>['content_block']
type Whole = AssistantMessage['message']['content'][number]

/** The blocks of the Messages API. Those that are not for the client belong to its server tools. */
const BLOCKS: ReadonlySet<string> = new Set([
  ...['text', 'thinking', 'redacted_thinking', 'tool_use'],
  ...['server_tool_use', 'web_search_tool_result', 'web_fetch_tool_result'],
  ...['code_execution_tool_result', 'bash_code_execution_tool_result'],
  ...['text_editor_code_execution_tool_result', 'tool_search_tool_result'],
  ...['mcp_tool_use', 'mcp_tool_result', 'container_upload'],
])

/** The field that holds the piece, for each type of delta; null for what adds nothing to a text. */
const PIECE_OF: Readonly<Record<string, 'text' | 'thinking' | 'partial_json' | null>> = {
  text_delta: 'text',
  thinking_delta: 'thinking',
  input_json_delta: 'partial_json',
  signature_delta: null,
  citations_delta: null,
}

type Block = { type: string; id: string | undefined; text: string; isConfirmed: boolean }

/**
 * What was streamed of an answer, exactly as it came. The CLI prints each block a second time when
 * it is complete, and both must be the same: a CLI that streams less, more or in another form must
 * not give a wrong answer that looks right.
 */
export class StreamedBlocks {
  /** Undefined before a message: of an answer whose beginning is missing, more may be. */
  #blocks: Block[] | undefined

  /** A message starts, maybe another attempt at the same one. */
  beginMessage(): void {
    this.#blocks = []
  }

  begin({ type, id, text = '' }: Start): void {
    if (!BLOCKS.has(type)) throw unknown('block', type)
    this.#require().push({ type, id, text, isConfirmed: false })
  }

  /** The piece of text in a delta. */
  piece(delta: Delta): string {
    const field = PIECE_OF[delta.type]
    const block = this.#require().at(-1)
    if (field === undefined) throw unknown('piece', delta.type)
    if (!block) throw new TurnError('worker', 'The CLI printed text outside of a block.')
    if (field === null) return ''
    const piece = delta[field]
    if (piece === undefined) throw unknown('piece', `${delta.type} without ${field}`)
    if (field !== 'thinking') block.text += piece
    return piece
  }

  /** The CLI prints these blocks whole. */
  confirm(content: readonly Whole[]): void {
    for (const whole of content) {
      if (!isCompared(whole.type)) continue
      // Not the first that is open: of some texts the CLI prints no whole block.
      const block = this.#require().find(
        (one) => one.type === whole.type && !one.isConfirmed && isSame(one, whole),
      )
      if (!block) throw differs(whole.type)
      block.isConfirmed = true
    }
  }

  /** The answer is complete, so every call must have been printed whole. */
  end(): void {
    const open = this.#require().find((block) => isCompared(block.type) && !isSettled(block))
    if (open) throw differs(open.type)
  }

  #require(): Block[] {
    if (!this.#blocks) throw new TurnError('worker', 'The CLI printed an answer without its start.')
    return this.#blocks
  }
}

function isCompared(type: string): boolean {
  return type === 'text' || type === 'tool_use'
}

/** Of texts that it takes for its own words, or for nothing, the CLI prints no whole block. */
function isSettled({ type, isConfirmed }: Block): boolean {
  return isConfirmed || type === 'text'
}

function isSame({ type, id, text }: Block, whole: Whole): boolean {
  if (type === 'text') return whole.text === text
  if (whole.id !== id) return false
  const streamed = text === '' ? {} : parseArguments(text)
  // Of these, and of what is not JSON, the CLI makes something of its own.
  if (typeof streamed === 'string' || isRememberedOtherwise(text)) return true
  // As the CLI writes it: it has no -0.
  return Bun.deepEquals(JSON.parse(JSON.stringify(streamed)), whole.input)
}

function unknown(what: string, type: string): TurnError {
  return new TurnError(
    'worker',
    `The CLI printed a ${what} of the answer that claude-max-api does not know: ${JSON.stringify(type)}. The answer is not complete without it.`,
  )
}

function differs(type: string): TurnError {
  return new TurnError(
    'worker',
    `The CLI streamed a ${type} block that differs from its own complete one, so the answer cannot be trusted.`,
  )
}
