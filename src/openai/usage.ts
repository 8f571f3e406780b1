import type { Usage } from '../conversation/types.ts'
import { inputTokens, totalTokens } from '../conversation/usage.ts'

/** The `usage` object of chat completions. */
export function toUsage(usage: Usage) {
  return {
    prompt_tokens: inputTokens(usage),
    completion_tokens: usage.outputTokens,
    total_tokens: totalTokens(usage),
    prompt_tokens_details: { cached_tokens: usage.cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

/** The `usage` object of responses. */
export function toResponseUsage(usage: Usage) {
  return {
    input_tokens: inputTokens(usage),
    input_tokens_details: {
      cached_tokens: usage.cachedTokens,
      cache_write_tokens: usage.cacheCreationTokens,
    },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: totalTokens(usage),
  }
}
