import type { Usage } from '../../conversation/types.ts'
import { estimateTextTokens } from '../../conversation/tokens.ts'
import type { ApiUsage } from '../process/protocol.ts'

/** Later counts replace earlier ones; what they leave out or give as null stays. */
export function mergeUsage(usage: ApiUsage, later: ApiUsage | null | undefined): ApiUsage {
  const given = Object.entries(later ?? {}).filter(([, value]) => value !== null)
  return { ...usage, ...Object.fromEntries(given) }
}

/** What of an answer has come before it was cut off. */
export type Received = {
  blocks: readonly { kind: string; text: string }[]
  /** The thinking that the CLI has counted: its words are not all shown. */
  thinkingTokens: number
}

/**
 * The usage of an answer that we cut ourselves. The model API counts the tokens at the end; what
 * was written until then is estimated, and is no less than what the API said at the start.
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

/** The model API's counts as the neutral ones. */
export function toUsage(usage: ApiUsage): Usage {
  const cachedTokens = usage.cache_read_input_tokens ?? 0
  const cacheCreationTokens = usage.cache_creation_input_tokens ?? 0
  return {
    inputTokens: (usage.input_tokens ?? 0) + cachedTokens + cacheCreationTokens,
    cachedTokens,
    cacheCreationTokens,
    outputTokens: usage.output_tokens ?? 0,
    reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? 0,
  }
}
