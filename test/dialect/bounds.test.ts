import { expect, test } from 'bun:test'
import { z } from 'zod'
import { jsonSchema, listOf } from '../../src/dialect/bounds.ts'
import { parseRequest } from '../../src/dialect/parse.ts'

let looked = 0
const item = z.preprocess(
  (value) => {
    looked++
    return value
  },
  z.union([z.object({ a: z.object({ b: z.string() }) }), z.object({ c: z.int() })]),
)
const Request = z.object({ list: z.union([z.string(), listOf(item, { min: 1, max: 1_000 })]) })
const fail = (list: unknown) => {
  looked = 0
  try {
    parseRequest(Request, { list })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : error
  }
}

test('a list is what its items are read as', () => {
  const list = [{ c: 1, more: 2 }, { a: { b: 'x' } }]
  expect(parseRequest(Request, { list })).toEqual({ list: [{ c: 1 }, { a: { b: 'x' } }] })
})

test('of many mistakes the first is told, by its place, and the rest is not looked at', () => {
  expect(fail([{ c: 1 }, { a: { b: 0 } }, ...Array.from({ length: 900 }, () => 0)])).toBe(
    "'list[1].a.b' is invalid: invalid input: expected string, received number.",
  )
  expect(looked).toBe(2)
})

test('a list that is too long or too short is not looked at', () => {
  expect(fail(Array.from({ length: 1_001 }, () => 0))).toContain('<=1000')
  expect(fail([])).toContain('>=1')
  expect(looked).toBe(0)
})

const wide = (count: number) => ({ enum: Array.from({ length: count }, (_, n) => n) })

test('a schema has a bound, whatever its values are', () => {
  const keys = Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [n, 0]))
  expect(jsonSchema.safeParse(wide(9_000)).success).toBe(true)
  for (const large of [wide(10_001), keys, { deep: { er: wide(10_001) } }]) {
    expect(jsonSchema.safeParse(large).error?.issues[0]?.message).toContain('10000')
  }
  expect(jsonSchema.safeParse('no schema').success).toBe(false)
})
