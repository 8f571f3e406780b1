import { describe, expect, test } from 'bun:test'
import { toCliSchema } from '../../../src/claude/answer/cli-schema.ts'

const of = (a: object) => ({ type: 'object', properties: { a }, required: ['a'] })

describe('a schema in plain draft 7', () => {
  test('stays what it is, to the order of its keys', () => {
    const plain = {
      description: 'a tree',
      type: 'object',
      $defs: {
        node: {
          anyOf: [{ type: 'null' }, { $ref: '#/$defs/node' }, { enum: [1, 'b', null, { c: [] }] }],
        },
      },
      properties: {
        pattern: { type: 'string', pattern: '^\\p{L}+$', minLength: 0, default: '' },
        items: { type: ['array', 'null'], items: { $ref: '#/$defs/node' }, uniqueItems: true },
        const: { const: null },
        any: {},
        yes: true,
        self: { $ref: '#' },
      },
      required: ['pattern'],
      additionalProperties: false,
    }
    expect(JSON.stringify(toCliSchema(plain))).toBe(JSON.stringify(plain))
  })
})

describe('what the CLI refuses is left out', () => {
  for (const [what, refused, left] of [
    [
      'a keyword of another tool',
      { type: 'string', 'x-hint': 1, nullable: true },
      { type: 'string' },
    ],
    ['a keyword of a later draft', { type: 'array', minContains: 2 }, { type: 'array' }],
    ['a name for a part', { $id: 'part', $anchor: 'here', type: 'null' }, { type: 'null' }],
    ['a value given twice', { enum: [1, 2, 1] }, { enum: [1, 2] }],
    ['a limit of draft 4', { minimum: 1, exclusiveMinimum: true }, { minimum: 1 }],
    [
      'a pattern for names without the flag u',
      { patternProperties: { 'a\\-b': {}, a: {} } },
      { patternProperties: { a: {} } },
    ],
    ['a pattern without the flag u', { type: 'string', pattern: 'a\\-b' }, { type: 'string' }],
  ] as const) {
    test(what, () => expect(toCliSchema(of(refused))).toEqual(of(left)))
  }

  test('a newer $schema', () => {
    const $schema = 'https://json-schema.org/draft/2020-12/schema'
    expect(toCliSchema({ $schema, ...of({}) })).toEqual(of({}))
  })

  test('tuples have an older name', () => {
    const tuple = { type: 'array', prefixItems: [{ type: 'string' }, { 'x-y': 1 }] }
    expect(toCliSchema(of(tuple))).toEqual(of({ type: 'array', items: [{ type: 'string' }, {}] }))
  })
})

test('a pattern with thousands of named groups is refused and not compiled', () => {
  // The engine would need an hour.
  const pattern = Array.from({ length: 200_000 }, (_, index) => `(?<n${index}>a)`).join('')
  for (const schema of [{ pattern }, { patternProperties: { [pattern]: {} } }]) {
    expect(() => toCliSchema(of(schema))).toThrow('at most 16 named groups')
  }
  const few = Array.from({ length: 16 }, (_, index) => `(?<n${index}>(?<=b)a)`).join('')
  expect(toCliSchema(of({ pattern: few }))).toEqual(of({ pattern: few }))
})

describe('a schema that nobody could use is an error that says where', () => {
  for (const [schema, path] of [
    [{ type: 'strin' }, '#/properties/a/type'],
    [{ type: 'string', pattern: '([' }, '#/properties/a/pattern'],
    [{ patternProperties: { '([': {} } }, '#/properties/a/patternProperties/(['],
    [{ $ref: '#/$defs/nope' }, '#/properties/a/$ref'],
    [{ $ref: 'https://example.com/schema' }, '#/properties/a/$ref'],
    [{ $ref: '#/%ZZ' }, '#/properties/a/$ref'],
    [{ $ref: '#/constructor' }, '#/properties/a/$ref'],
    [{ anyOf: [] }, '#/properties/a/anyOf'],
    [{ enum: [] }, '#/properties/a/enum'],
    [{ properties: { b: 'string' } }, '#/properties/a/properties/b'],
    [{ items: 3 }, '#/properties/a/items'],
  ] as const) {
    test(JSON.stringify(schema), () => {
      expect(() => toCliSchema(of(schema))).toThrow(
        expect.objectContaining({
          kind: 'invalid_request',
          message: expect.stringContaining(`${path}:`),
        }),
      )
    })
  }
})
