import { describe, expect, test } from 'bun:test'
import { modelNames, resolveModel } from '../../src/dialect/models.ts'
import { toModelList, toModelObject } from '../../src/openai/models.ts'

const catalog = {
  models: ['default', 'opus', 'sonnet', 'haiku'].map((alias) => ({
    alias,
    id: `claude-${alias === 'default' ? 'opus' : alias}-5-5`,
  })),
  aliases: { 'gpt-4o': 'sonnet', 'team/best': 'claude-opus-4', 'openai/x': 'haiku' },
}

describe('a model’s name', () => {
  const names: [string, string, string][] = [
    ['sonnet', 'sonnet', 'an alias of the CLI'],
    ['claude-haiku-5-5', 'claude-haiku-5-5', 'a full id'],
    ['claude-opus-4', 'opus', 'a name that was documented'],
    ['claude-sonnet-4', 'sonnet', 'a name that was documented'],
    ['claude-haiku-4', 'haiku', 'a name that was documented'],
    ['openai/sonnet', 'sonnet', 'a prefix of a provider'],
    ['anthropic/claude-opus-4', 'opus', 'a prefix before a documented name'],
    ['claude-code-cli/claude-haiku-5-5', 'claude-haiku-5-5', 'a prefix before an id'],
    ['claude-max/opus', 'opus', 'a prefix before an alias'],
    ['gpt-4o', 'sonnet', 'a name of the owner'],
    ['openai/gpt-4o', 'sonnet', 'a prefix before a name of the owner'],
    ['openai/x', 'haiku', 'a name of the owner that has a prefix of its own'],
    ['claude-3-7-sonnet-20250219', 'claude-3-7-sonnet-20250219', 'an id nobody lists'],
    ['opus[1m]', 'opus[1m]', 'a variant nobody lists'],
  ]
  for (const [asked, given, what] of names) {
    test(`${asked} (${what}) is ${given} to the CLI`, () => {
      expect(resolveModel(asked, catalog)).toBe(given)
    })
  }

  for (const asked of ['gpt-5', '', 'Sonnet ', 'claude', 'claude-x; rm', '__proto__', 'toString']) {
    test(`${JSON.stringify(asked)} is nobody's: an error that lists what exists`, () => {
      let failure: unknown
      try {
        resolveModel(asked, catalog)
      } catch (error) {
        failure = error
      }
      expect(failure).toMatchObject({ kind: 'model_not_found', param: 'model' })
      for (const name of ['gpt-4o', 'sonnet', 'claude-opus-5-5', 'claude-opus-4']) {
        expect(String(failure)).toContain(name)
      }
    })
  }
})

describe('the list of models', () => {
  test('has every name once, and each can be asked for', () => {
    const { object, data } = toModelList(catalog)
    expect(object).toBe('list')
    const ids = data.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(modelNames(catalog))
    for (const id of ids) {
      expect(resolveModel(id, catalog)).toBeString()
      expect(toModelObject(id, catalog)).toEqual({
        ...{ id, object: 'model', created: 0, owned_by: 'anthropic' },
      })
    }
  })
})
