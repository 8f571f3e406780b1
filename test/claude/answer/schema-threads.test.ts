import { describe, expect, test } from 'bun:test'
import { checkSchema } from '../../../src/claude/answer/schema-check.ts'
import { SchemaThreads } from '../../../src/claude/answer/schema-threads.ts'

const city = {
  type: 'object',
  properties: { city: { type: 'string', pattern: '^[A-Z]' } },
  required: ['city'],
}
/** Each match of these takes longer than anybody lives, or as long as the engine allows. */
const HARD = { type: 'array', items: { type: 'string', pattern: '(a+)+$' } }
const HARD_ANSWER = JSON.stringify(Array.from({ length: 40 }, () => `${'a'.repeat(40)}!`))

/** References that double at each step: 2 to the power of 40 checks. */
const DOUBLING = {
  $ref: '#/$defs/d40',
  $defs: Object.fromEntries([
    ['d0', { type: 'string' }],
    ...Array.from({ length: 40 }, (_, index) => {
      const $ref = `#/$defs/d${index}`
      return [`d${index + 1}`, { anyOf: [{ $ref }, { $ref }] }]
    }),
  ]),
}

describe('a verdict', () => {
  const verdicts: [string, object, unknown, object][] = [
    ['fits', city, { city: 'Ulm' }, { is: 'fitting' }],
    ['misses a property', city, {}, { is: 'other', reason: expect.stringContaining('"city"') }],
    ['misses a pattern', city, { city: 'ulm' }, { is: 'other' }],
    ['misses a format', { format: 'uuid' }, 'ulm', { is: 'other' }],
    ['a pattern of another language', { pattern: '^\\w(\\-\\w)*$' }, '?', { is: 'fitting' }],
    [
      'a property pattern of another language',
      { patternProperties: { '\\-': false } },
      { '-': 1 },
      { is: 'fitting' },
    ],
    ['a schema of itself', { $ref: '#' }, {}, { is: 'unusable' }],
    [
      'a match that the engine gives up',
      { not: { pattern: '(a+)+$' } },
      `${'a'.repeat(40)}!`,
      { is: 'unchecked' },
    ],
  ]
  for (const [name, schema, value, verdict] of verdicts) {
    test(name, () => {
      const check = { json: JSON.stringify(value), schema: { ...schema } }
      expect(checkSchema(check)).toMatchObject(verdict)
    })
  }
})

describe('in a thread', () => {
  const threads = new SchemaThreads()
  const ulm = { json: '{"city":"Ulm"}', schema: city }

  for (const [what, json, schema] of [
    ['a hard pattern', HARD_ANSWER, HARD],
    ['references that double', '{}', DOUBLING],
  ] as const) {
    test(`${what} ends in time, and holds up neither others nor us`, async () => {
      const done: string[] = []
      let ticks = 0
      const ticking = setInterval(() => ticks++, 10)
      const note = (name: string) => (verdict: object) => {
        done.push(name)
        return verdict
      }
      const hard = threads.check({ json, schema }).then(note('hard'))
      const easy = threads.check(ulm).then(note('easy'))
      expect(await hard).toEqual({ is: 'unchecked' })
      expect(await easy).toEqual({ is: 'fitting' })
      clearInterval(ticking)
      expect(done).toEqual(['easy', 'hard'])
      expect(ticks).toBeGreaterThan(10)
    })
  }

  test('more than there are threads wait for them', async () => {
    const verdicts = await Promise.all(Array.from({ length: 12 }, () => threads.check(ulm)))
    expect(verdicts).toEqual(verdicts.map(() => ({ is: 'fitting' })))
  })
})
