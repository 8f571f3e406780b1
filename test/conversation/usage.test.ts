import { expect, test } from 'bun:test'
import type { Usage } from '../../src/conversation/types.ts'
import { addUsage, inputTokens, NO_USAGE, totalTokens } from '../../src/conversation/usage.ts'

/** Each count is another power of ten, so that a sum shows which were added. */
const usage: Usage = {
  uncachedTokens: 1,
  cachedTokens: 10,
  cacheCreationTokens: 100,
  outputTokens: 1_000,
  reasoningTokens: 10_000,
}

test('what is read is uncached, cached or newly cached; thinking is among the output', () => {
  expect([inputTokens(usage), totalTokens(usage)]).toEqual([111, 1_111])
  expect([inputTokens(NO_USAGE), totalTokens(NO_USAGE)]).toEqual([0, 0])
})

test('adding counts each by itself', () => {
  expect(addUsage(usage, NO_USAGE)).toEqual(usage)
  expect(Object.values(addUsage(usage, usage))).toEqual([2, 20, 200, 2_000, 20_000])
})
