import type { Usage } from '../conversation/types.ts'

/** The counts of a `usage` object; the API's `input_tokens` are those without any cache. */
export function toCounts(usage: Usage) {
  const { uncachedTokens, cachedTokens, cacheCreationTokens, outputTokens, reasoningTokens } = usage
  return {
    input_tokens: uncachedTokens,
    cache_creation_input_tokens: cacheCreationTokens,
    cache_read_input_tokens: cachedTokens,
    output_tokens: outputTokens,
    output_tokens_details: { thinking_tokens: reasoningTokens },
    server_tool_use: null,
  }
}

/** The `usage` object of a message; null for what the CLI does not report. */
export function toUsage(usage: Usage) {
  return {
    ...toCounts(usage),
    cache_creation: null,
    inference_geo: null,
    service_tier: null,
    speed: null,
  }
}
