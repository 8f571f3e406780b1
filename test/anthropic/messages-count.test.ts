import { describe, expect, test } from 'bun:test'
import { estimateTokens } from '../../src/anthropic/messages-count.ts'
import { call, convert, result, text, tool, USER } from '../support/clients/messages.ts'

const count = (body: object) => estimateTokens(convert(body))
const BASE = count({})
const image = { type: 'image', source: { type: 'url', url: 'https://x.test/i.png' } }
const pdf = (bytes: number) => ({
  type: 'document',
  source: {
    type: 'base64',
    media_type: 'application/pdf',
    data: Buffer.alloc(bytes).toString('base64'),
  },
})
const withContent = (content: object[]) => ({ messages: [{ role: 'user', content }] })

describe('the estimate of tokens', () => {
  test('counts what the CLI says of its own', () => expect(BASE).toBeGreaterThan(340))

  const words = 'The quick brown fox jumps over the lazy dog. '.repeat(100)
  test('is near the usual figure for English, on the upper side', () => {
    const tokens = count({ system: words }) - BASE
    expect(tokens).toBeGreaterThanOrEqual(1_000)
    expect(tokens).toBeLessThan(1_400)
  })

  test('is never less than the words', () => {
    expect(count({ system: 'a '.repeat(1_000) }) - BASE).toBeGreaterThanOrEqual(1_000)
  })

  test('gives a letter of three bytes about a token', () => {
    expect(count({ system: '語'.repeat(700) }) - BASE).toBe(600)
  })

  const more: Record<string, { body: object; atLeast: number }> = {
    'a system prompt': { body: { system: words }, atLeast: 1_000 },
    tools: { body: { tools: [tool('look', { description: words })] }, atLeast: 1_346 },
    'an output schema': {
      body: { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      atLeast: 346,
    },
    'an image': { body: withContent([image]), atLeast: 1_600 },
    'a small PDF': { body: withContent([pdf(10)]), atLeast: 3_000 },
    'a large PDF': { body: withContent([pdf(950_000)]), atLeast: 30_000 },
    'a document as text': {
      body: withContent([
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: words } },
      ]),
      atLeast: 1_000,
    },
    'a call and its result': {
      body: {
        messages: [
          ...USER,
          { role: 'assistant', content: [text(words), call('t1')] },
          { role: 'user', content: [result('t1', { content: [text(words), image] })] },
        ],
      },
      atLeast: 3_600,
    },
  }
  for (const [name, { body, atLeast }] of Object.entries(more)) {
    test(`counts ${name}`, () => expect(count(body) - BASE).toBeGreaterThanOrEqual(atLeast - 10))
  }
})
