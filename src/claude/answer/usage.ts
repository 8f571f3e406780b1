import type { Usage } from '../../conversation/types.ts'
import { estimateTextTokens } from '../../conversation/tokens.ts'
import type { ApiUsage } from '../process/protocol.ts'

/** Merges two counts: a later value replaces the earlier one, unless it is missing or null. */
export function mergeUsage(usage: ApiUsage, later: ApiUsage | null | undefined): ApiUsage {
  const given = Object.entries(later ?? {}).filter(([, value]) => value !== null)
  return { ...usage, ...Object.fromEntries(given) }
}

/** The part of an answer that was received before it was cut. */
export type Received = {
  blocks: readonly { kind: string; text: string }[]
  /** The CLI's own count of thinking tokens, because not all thinking is shown. */
  thinkingTokens: number
}

/**
 * The usage of an answer that was cut here. The model API counts tokens at the end, so the text
 * received until then is estimated; the result is never below the API's count at the start.
 */
export function estimateUsage(usage: ApiUsage, { blocks, thinkingTokens }: Received): Usage {
  const counted = toUsage(usage)
  const estimate = (isThinking: boolean) =>
    blocks
      .filter(({ kind }) => (kind === 'thinking') === isThinking)
      .reduce((sum, { text }) => sum + estimateTextTokens(text), 0)
  const reasoningTokens = Math.max(estimate(true), thinkingTokens)
  const outputTokens = Math.max(counted.outputTokens, estimate(false) + reasoningTokens)
  return { ...counted, outputTokens, reasoningTokens }
}

/** Converts the model API's counts. */
export function toUsage(usage: ApiUsage): Usage {
  return {
    uncachedTokens: usage.input_tokens ?? 0,
    cachedTokens: usage.cache_read_input_tokens ?? 0,
    cacheCreationTokens: usage.cache_creation_input_tokens ?? 0,
    outputTokens: usage.output_tokens ?? 0,
    reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? 0,
  }
}
