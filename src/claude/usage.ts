import type { Usage } from '../conversation/types.ts'
import type { ApiUsage } from './protocol.ts'

/** Later counts replace earlier ones; what they leave out or give as null stays. */
export function mergeUsage(usage: ApiUsage, later: ApiUsage | null | undefined): ApiUsage {
  const given = Object.entries(later ?? {}).filter(([, value]) => value !== null)
  return { ...usage, ...Object.fromEntries(given) }
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
