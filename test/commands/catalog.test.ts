import { expect, test } from 'bun:test'
import { createCatalog } from '../../src/commands/catalog.ts'

const models = async () => [{ alias: 'sonnet', id: 'claude-sonnet-5-5' }]

test('an alias that stands for no model is named in the log, once; the others are not', async () => {
  const warned: unknown[] = []
  const log = { warn: (...line: unknown[]) => void warned.push(line) }
  const aliases = { 'gpt-4o': 'sonnet', o3: 'claude-opus-9-9', typo: 'sonet' }
  const catalog = createCatalog({ models, aliases, log })
  const { signal } = new AbortController()
  expect(await catalog(signal)).toMatchObject({ aliases })
  await catalog(signal)
  expect(warned).toEqual([[expect.stringContaining('404'), { alias: 'typo', model: 'sonet' }]])
})
