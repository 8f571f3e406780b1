/** The token counts of one turn, as reported by the model API. */
export type Usage = {
  /** Input tokens that were neither read from the cache nor written to it; see `inputTokens` below. */
  uncachedTokens: number
  /** Read from the cache. */
  cachedTokens: number
  /** Written to the cache. */
  cacheCreationTokens: number
  outputTokens: number
  /** The part of `outputTokens` used for thinking. */
  reasoningTokens: number
}

export const NO_USAGE: Usage = {
  uncachedTokens: 0,
  cachedTokens: 0,
  cacheCreationTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
}

/** All tokens read. The model API counts each once: as uncached, as cached or as newly cached. */
export function inputTokens(usage: Usage): number {
  return usage.uncachedTokens + usage.cachedTokens + usage.cacheCreationTokens
}

/** All tokens of a turn; those of thinking are among the output. */
export function totalTokens(usage: Usage): number {
  return inputTokens(usage) + usage.outputTokens
}

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    uncachedTokens: a.uncachedTokens + b.uncachedTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    cacheCreationTokens: a.cacheCreationTokens + b.cacheCreationTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  }
}
