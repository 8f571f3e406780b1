import { describe, expect, test } from 'bun:test'
import { listHeader } from '../../../src/server/stream/header-value.ts'

describe('a list as a header', () => {
  test.each<[string, string[], string]>([
    ['no item', [], ''],
    ['one', ['a'], 'a'],
    ['several', ['a', 'b.c', 'd[0]'], 'a, b.c, d[0]'],
    ['letters beyond ASCII', ['ü', '🦩'], '%C3%BC, %F0%9F%A6%A9'],
    ['a percent sign, which would else be read as an escape', ['%41'], '%2541'],
    ['controls', ['a\r\nset-cookie: x'], 'a%0D%0Aset-cookie: x'],
    ['half a surrogate pair', ['\ud83e'], '%EF%BF%BD'],
    ['an item of 200 characters', ['x'.repeat(200)], 'x'.repeat(200)],
    ['an item of 201', ['x'.repeat(201)], `${'x'.repeat(200)}...`],
  ])('%s', (_, items, expected) => {
    expect(listHeader(items)).toBe(expected)
    expect(new Headers({ x: listHeader(items) }).get('x')).toBe(expected)
  })

  test('has 2,000 characters at most, and says how many items it leaves out', () => {
    // The first has 98 characters, and each further one 100 with the comma before it.
    const items = Array.from({ length: 30 }, () => 'x'.repeat(98))
    expect(listHeader(items.slice(0, 20))).toHaveLength(1_998)
    expect(listHeader(items.slice(0, 20))).not.toContain('more')
    expect(listHeader(items)).toBe(`${items.slice(0, 20).join(', ')}, and 10 more`)
  })
})
