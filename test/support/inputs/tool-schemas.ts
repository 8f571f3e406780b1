import * as fc from 'fast-check'
import { z } from 'zod'

/** Schemas of tools as clients write them: sound ones, those of old drafts and other languages, and nonsense. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** For what is JSON because it came from JSON. */
export const AnyJson = z.custom<Json>((value) => value !== undefined)

const odd = fc.constantFrom<Json>(
  null,
  true,
  false,
  0,
  -1,
  1.5,
  '',
  'a',
  [],
  {},
  ['a', 'a'],
  [null],
)
const words = fc.constantFrom(
  'a',
  'b-c',
  'ﬁ',
  '½',
  '👩\u200d🚀',
  'é',
  'e\u0301',
  '中',
  '\ue000',
  ' ',
)
const text = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 8 }) },
  { weight: 1, arbitrary: words },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
)
const name = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('x', 'y', 'type', 'required', 'items', 'a.b', 'constructor'),
  },
  { weight: 1, arbitrary: fc.constantFrom('$ref', 'a b', '', 'ä', '@type', 'x'.repeat(65)) },
)
const type = fc.oneof(
  fc.constantFrom<Json>(
    'string',
    'number',
    'object',
    'array',
    'integer',
    'boolean',
    'STRING',
    'any',
  ),
  fc.constantFrom<Json>(['string', 'null'], ['null', 'null'], [], 'file', ['object', 'null'], null),
)
const value = fc
  .jsonValue({ maxDepth: 2 })
  .map((json) => AnyJson.parse(JSON.parse(JSON.stringify(json))))

/** Mostly what belongs there, sometimes what does not. */
const mostly = (right: fc.Arbitrary<Json>, weight = 12) =>
  fc.oneof({ weight, arbitrary: right }, { weight: 1, arbitrary: odd })

const { schema } = fc.letrec<{ schema: Json; map: Json; list: Json; node: Json }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'schema' },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Json>({}, { type: 'string' }, true, { type: 'number' }),
    },
    { weight: 6, arbitrary: tie('node') },
  ),
  map: fc.dictionary(name, mostly(tie('schema'), 30), { maxKeys: 3 }),
  list: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }),
  node: fc
    .record(
      {
        type: mostly(type),
        title: mostly(text),
        description: mostly(text),
        enum: mostly(fc.array(value, { maxLength: 3 })),
        const: value,
        default: value,
        examples: mostly(fc.array(value, { maxLength: 2 })),
        properties: mostly(tie('map')),
        required: mostly(fc.oneof(fc.array(name, { maxLength: 3 }), fc.boolean())),
        additionalProperties: mostly(tie('schema')),
        patternProperties: mostly(fc.dictionary(text, tie('schema'), { maxKeys: 2 })),
        items: mostly(fc.oneof(tie('schema'), tie('list'))),
        additionalItems: mostly(tie('schema')),
        anyOf: mostly(tie('list')),
        oneOf: mostly(tie('list')),
        not: mostly(tie('schema')),
        minimum: mostly(fc.integer({ min: -9, max: 9 })),
        exclusiveMinimum: mostly(fc.oneof(fc.boolean(), fc.integer({ min: 0, max: 9 }))),
        minLength: mostly(fc.nat(9)),
        multipleOf: mostly(fc.constantFrom<Json>(1, 0.5)),
        pattern: mostly(fc.constantFrom<Json>('^a', '[ﬁ-ﬂ]½', '\\½', '👩\u200d🚀', '\\\\é')),
        format: mostly(text),
        $ref: mostly(fc.constantFrom<Json>('#/$defs/x', '#', '#/nowhere', 'other.json')),
        $id: mostly(fc.constantFrom<Json>('#here', 'https://a.b/c')),
        $defs: mostly(tie('map')),
        definitions: mostly(tie('map')),
        dependencies: mostly(fc.constantFrom<Json>({ a: ['b'] }, { a: 'b' }, { a: {} })),
        nullable: odd,
        'x-own': value,
      },
      { requiredKeys: [] },
    )
    // All keywords at once would hide each other's faults: a few of them are enough.
    .chain((all) => fc.subarray(Object.keys(all), { maxLength: 5 }).map((keys) => pick(all, keys))),
}))

function pick(all: { [key: string]: Json | undefined }, keys: readonly string[]): Json {
  return Object.fromEntries(
    keys.flatMap((key) => (all[key] === undefined ? [] : [[key, all[key]]])),
  )
}

/** A tool's schema and description. */
export const toolParts = fc.record({
  description: fc.oneof(text, fc.constant(null)),
  parameters: fc
    .tuple(
      fc.oneof(
        { weight: 8, arbitrary: fc.constant<Json>({ type: 'object' }) },
        { weight: 1, arbitrary: fc.constantFrom<Json>({}, { type: null }, { type: 'string' }) },
        { weight: 1, arbitrary: fc.constant<Json>({ type: ['object', 'null'] }) },
        {
          weight: 1,
          arbitrary: fc.constantFrom<Json>(
            { type: 'object', $schema: 'http://json-schema.org/draft-07/schema#' },
            { type: 'object', $schema: 'https://json-schema.org/draft/2020-12/schema' },
          ),
        },
      ),
      schema,
    )
    .map(([root, rest]) => ({ ...asObject(rest), ...asObject(root) })),
})

function asObject(json: Json): { [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {}
}
