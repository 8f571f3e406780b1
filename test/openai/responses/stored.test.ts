import { describe, expect, test } from 'bun:test'
import type { Item } from '../../../src/openai/responses/items.ts'
import {
  ItemsQuery,
  parseItems,
  resolveReferences,
  toItemList,
  toItems,
  toStoredItems,
} from '../../../src/openai/responses/stored.ts'

const KEY = 'a'.repeat(32)
const RESPONSE = `resp_${KEY}`

describe('input as it is kept', () => {
  test('a string is a message in parts', () => {
    expect(toStoredItems(toItems('hi'), RESPONSE)).toEqual([
      {
        ...{ type: 'message', id: `msg_${KEY}_i0`, role: 'user', status: 'completed' },
        content: [{ type: 'input_text', text: 'hi' }],
      },
    ])
  })

  test('every item has an id, its own if it came with one, and can be read again', () => {
    const items = parseItems([
      { role: 'assistant', content: 'x' },
      { type: 'function_call', id: 'fc_own', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: '1' },
      { type: 'reasoning', summary: [], encrypted_content: 'x' },
      { role: 'user', content: [{ type: 'input_image', image_url: 'https://a.example' }] },
      { type: 'web_search_call' },
    ])
    const stored = toStoredItems(items, RESPONSE)
    expect(stored.map(({ id }) => id)).toEqual([
      ...[`msg_${KEY}_i0`, 'fc_own', `fco_${KEY}_i2`],
      ...[`rs_${KEY}_i3`, `msg_${KEY}_i4`, `item_${KEY}_i5`],
    ])
    expect(stored[0]).toMatchObject({ content: [{ type: 'output_text', text: 'x' }] })
    expect(stored[4]).toMatchObject({ content: [{ type: 'input_image', detail: 'auto' }] })
    expect(toStoredItems(parseItems(stored), RESPONSE)).toEqual(stored)
  })
})

test('no two items of an input have the same id, and no two responses have an id in common', () => {
  const twins = parseItems([
    { role: 'user', content: 'hi' },
    { role: 'user', content: 'hi' },
    { type: 'web_search_call' },
    { type: 'web_search_call' },
  ])
  const other = `resp_${'b'.repeat(32)}`
  const ids = [RESPONSE, other].flatMap((id) => toStoredItems(twins, id).map((item) => item.id))
  expect(new Set(ids).size).toBe(8)
})

describe('references', () => {
  const known: Item = { type: 'message', id: `msg_${KEY}_0`, role: 'assistant', content: 'x' }
  const find = (response: string, item: string) =>
    response === RESPONSE && item === known.id ? known : undefined

  test('are replaced by what they refer to', () => {
    const items = parseItems([{ id: `msg_${KEY}_0` }, { role: 'user', content: 'hi' }])
    expect(resolveReferences(items, find)).toEqual([
      known,
      { type: 'message', role: 'user', content: 'hi' },
    ])
  })

  for (const id of [`msg_${KEY}_1`, `msg_${'b'.repeat(32)}_0`, 'msg_other']) {
    test(`to nothing are an error: ${id}`, () => {
      const items = parseItems([{ type: 'item_reference', id }])
      expect(() => resolveReferences(items, find)).toThrow(`Item with id '${id}' not found.`)
    })
  }
})

describe('a list of items', () => {
  const items = ['a', 'b', 'c', 'd'].map((id) => ({ id }))
  const list = (query: object) => toItemList(items, ItemsQuery.parse(query))

  test('begins with the newest', () => {
    expect(list({})).toEqual({
      ...{ object: 'list', data: items.toReversed(), first_id: 'd', last_id: 'a' },
      has_more: false,
    })
  })

  test('comes in pages', () => {
    const first = list({ order: 'asc', limit: '3' })
    expect(first).toMatchObject({ first_id: 'a', last_id: 'c', has_more: true })
    const second = list({ order: 'asc', limit: '3', after: 'c' })
    expect(second).toMatchObject({ data: [{ id: 'd' }], has_more: false })
  })

  test.each([
    [1, 'd', true],
    [3, 'b', true],
    [4, 'a', false],
    [5, 'a', false],
  ])('of 4, a page of %d ends with %s, and there is more: %p', (limit, last_id, has_more) => {
    expect(list({ limit: String(limit) })).toMatchObject({ last_id, has_more })
  })

  test('has no more behind a later page that the items fill exactly', () => {
    const page = { order: 'asc', limit: '2', after: 'b' }
    expect(list(page)).toMatchObject({ first_id: 'c', last_id: 'd', has_more: false })
  })

  test('ends behind the last item', () => {
    expect(list({ order: 'asc', after: 'd' })).toMatchObject({ data: [], has_more: false })
  })

  test('does not begin behind an item that is not there', () => {
    expect(() => list({ after: 'e' })).toThrow(
      expect.objectContaining({ kind: 'invalid_request', param: 'after' }),
    )
  })

  test('may be empty', () => {
    expect(toItemList([], ItemsQuery.parse({}))).toEqual({
      ...{ object: 'list', data: [], first_id: null, last_id: null, has_more: false },
    })
  })
})
