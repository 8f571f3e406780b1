import { describe, expect, test } from 'bun:test'
import type { JsonSchema } from '../../../src/conversation/types.ts'
import { given, prop, read, refusal } from './read-tools.ts'

describe('a list of tools', () => {
  test('a description that the CLI alters is named', () => {
    const { specs, changed } = read(given(null, { description: 'Wait…' }))
    expect(specs).toEqual([
      { name: 'look', description: 'Wait…', inputSchema: { type: 'object', properties: {} } },
    ])
    expect(changed).toEqual(['tools[0].function.description'])
  })

  test('the second tool of one name is refused', () => {
    expect(refusal(given({}), given({}, { path: 'tools[1].function' }))).toBe(
      'tools[1].function.name',
    )
  })

  test('a tool that the CLI keeps for itself is named as left out', () => {
    const { specs, remarks } = read(given({}, { name: 'ToolSearch' }))
    expect(specs).toEqual([])
    expect(remarks.ignored).toEqual(['tools[0].function (ToolSearch)'])
  })
})

/** Each froze the server, or the CLI, for seconds to minutes before there were bounds. */
const HOSTILE: Record<string, JsonSchema> = {
  'a pattern of 10 MB': prop({ pattern: '\\é'.repeat(5_000_000) }),
  'short rows of marks, 18 MB': prop({ title: `x${'\u0301\u0323'.repeat(15)}`.repeat(600_000) }),
  'names beyond ASCII, 20 MB': prop({
    enum: Array.from({ length: 90_000 }, () => 'ﬁ'.repeat(222)),
  }),
}

for (const [what, schema] of Object.entries(HOSTILE)) {
  test(`${what} is read in about the time that its size takes`, () => {
    const small = elapsed(() => JSON.stringify(schema))
    expect(elapsed(() => read(given(schema)))).toBeLessThan(1_000 + 20 * small)
  })
}

function elapsed(run: () => unknown): number {
  const start = performance.now()
  run()
  return performance.now() - start
}
