import { estimateTextTokens } from '../conversation/tokens.ts'
import type { Conversation, DocumentBlock, Message } from '../conversation/types.ts'

/** The model API's figure for the largest image that it does not shrink. */
const TOKENS_PER_IMAGE = 1_600
/** A page is read as text and as an image; 100 kB of PDF are usually at least a page. */
const TOKENS_PER_PAGE = 3_000
const BYTES_PER_PAGE = 100_000
/** Roles, and separators between messages and blocks. */
const TOKENS_PER_BLOCK = 4
/** What the model API adds to the prompt if there are tools. */
const TOKENS_FOR_TOOLS = 346
/** What the CLI says about itself and its environment: about 1,200 bytes. */
const TOKENS_OF_CLI = 340

type Block = Message['content'][number]

/**
 * Estimates the input tokens, because only the model API can count them and the CLI does not ask
 * it. The estimate is rather too high than too low, and at least the number of words.
 */
export function estimateTokens({ system, messages, tools, outputSchema }: Conversation): number {
  const blocks = messages.flatMap<Block>(({ content }) => content)
  const schema = outputSchema ? estimateTextTokens(JSON.stringify(outputSchema.schema)) : 0
  return (
    TOKENS_OF_CLI +
    estimateTextTokens(system) +
    sum(blocks.map(blockTokens)) +
    (tools.length > 0 || outputSchema ? TOKENS_FOR_TOOLS : 0) +
    sum(tools.map((tool) => TOKENS_PER_BLOCK + estimateTextTokens(JSON.stringify(tool)))) +
    schema
  )
}

function blockTokens(block: Block): number {
  switch (block.type) {
    case 'text':
      return TOKENS_PER_BLOCK + estimateTextTokens(block.text)
    case 'image':
      return TOKENS_PER_IMAGE
    case 'document':
      return TOKENS_PER_BLOCK + documentTokens(block)
    case 'tool_use':
      return (
        TOKENS_PER_BLOCK +
        estimateTextTokens(block.name) +
        estimateTextTokens(JSON.stringify(block.input))
      )
    case 'tool_result':
      return TOKENS_PER_BLOCK + sum(block.content.map(blockTokens))
    default:
      return block satisfies never
  }
}

function documentTokens({ source, title = '', context = '' }: DocumentBlock): number {
  const about = estimateTextTokens(title) + estimateTextTokens(context)
  if (source.type === 'text') return about + estimateTextTokens(source.data)
  const bytes = source.type === 'base64' ? (source.data.length * 3) / 4 : 0
  return about + TOKENS_PER_PAGE * Math.max(1, Math.ceil(bytes / BYTES_PER_PAGE))
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
