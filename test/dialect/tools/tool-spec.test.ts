import { describe, expect, test } from 'bun:test'
import type { JsonSchema } from '../../../src/conversation/types.ts'
import { given, prop, read, refusal } from './read-tools.ts'

const parsed = (json: string): JsonSchema => JSON.parse(json)

/** Seen on the CLI: each of the left removes its tool, or all tools; the right says the same. */
const REPAIRED: Record<string, [given: JsonSchema, sent: JsonSchema]> = {
  'no type': [{}, { type: 'object' }],
  'a type that is null': [{ type: null }, { type: 'object' }],
  'a nullable root': [{ type: ['object', 'null'] }, { type: 'object' }],
  'a root in capitals': [{ type: 'OBJECT' }, { type: 'object' }],
  'required: null': [{ type: 'object', required: null }, { type: 'object' }],
  'properties: null': [{ type: 'object', properties: null }, { type: 'object' }],
  'properties: []': [
    { type: 'object', properties: [] },
    { type: 'object', properties: {} },
  ],
  '$defs: []': [
    { type: 'object', $defs: [] },
    { type: 'object', $defs: {} },
  ],
  'definitions: []': [
    { type: 'object', definitions: [] },
    { type: 'object', definitions: {} },
  ],
  'required: {}': [
    { type: 'object', required: {} },
    { type: 'object', required: [] },
  ],
  'doubled names': [
    { type: 'object', required: ['x', 'y', 'x'] },
    { type: 'object', required: ['x', 'y'] },
  ],
  'description: null': [prop({ description: null }), prop({})],
  'enum: null': [prop({ type: 'string', enum: null }), prop({ type: 'string' })],
  'items: null': [prop({ type: 'array', items: null }), prop({ type: 'array' })],
  'additionalProperties: null': [prop({ additionalProperties: null }), prop({})],
  'anyOf: null at the root': [{ type: 'object', anyOf: null }, { type: 'object' }],
  'a property that is []': [prop([]), prop({})],
  'doubled types': [prop({ type: ['null', 'null'] }), prop({ type: ['null'] })],
  'types in capitals': [prop({ type: 'STRING' }), prop({ type: 'string' })],
  "draft 3's any": [prop({ type: 'any' }), prop({})],
  "draft 3's required": [
    prop({ type: 'string', required: true }),
    { ...prop({ type: 'string' }), required: ['x'] },
  ],
  "draft 3's required: false": [
    prop({ type: 'string', required: false }),
    prop({ type: 'string' }),
  ],
  "draft 3's required, and a list": [
    { ...prop({ required: true }), required: ['y'] },
    { ...prop({}), required: ['y', 'x'] },
  ],
  "draft 4's excluded minimum": [
    prop({ minimum: 0, exclusiveMinimum: true }),
    prop({ exclusiveMinimum: 0 }),
  ],
  "draft 4's included maximum": [
    prop({ maximum: 9, exclusiveMaximum: false }),
    prop({ maximum: 9 }),
  ],
  "draft 7's tuple": [
    prop({ items: [{ type: 'string' }], additionalItems: false }),
    prop({ prefixItems: [{ type: 'string' }], items: false }),
  ],
  "draft 7's empty tuple": [prop({ type: 'array', items: [] }), prop({ type: 'array' })],
  "draft 7's name for a reference": [prop({ $id: '#here' }), prop({ $anchor: 'here' })],
  'an old draft by name': [
    {
      $schema: 'http://json-schema.org/draft-04/schema#',
      ...prop({ minimum: 0, exclusiveMinimum: true }),
    },
    prop({ exclusiveMinimum: 0 }),
  ],
  'one example': [prop({ examples: 'a' }), prop({ examples: ['a'] })],
  'a dependency of one': [prop({ dependencies: { a: 'b' } }), prop({ dependencies: { a: ['b'] } })],
  'a pattern beyond ASCII': [
    prop({ pattern: '^½\\½\\\\½[😀-ﬁ]$' }),
    prop({ pattern: '^\\u00bd\\u00bd\\\\\\u00bd[\\ud83d\\ude00-\\ufb01]$' }),
  ],
  'a pattern as a key': [
    { type: 'object', patternProperties: { '^ﬁ': {} } },
    { type: 'object', patternProperties: { '^\\ufb01': {} } },
  ],
}

/** The CLI passes these on unchanged. */
const KEPT: Record<string, JsonSchema> = {
  'null as a value': prop({ const: null, default: null, enum: [null], 'x-own': null }),
  'a property named like a keyword': {
    type: 'object',
    properties: { type: {}, required: { type: 'boolean' }, enum: {}, constructor: {} },
  },
  'booleans as schemas': { ...prop(true), additionalProperties: false },
  'a draft that is named': { ...prop({}), $schema: 'http://json-schema.org/draft-07/schema#' },
  references: {
    ...prop({ $ref: '#/$defs/a', description: 'an a' }),
    $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } },
  },
  'text that the CLI leaves alone': { ...prop({ pattern: '^[a-ü]+$', enum: ['é', '中', '😀'] }) },
  'a nested union': prop({ anyOf: [{ type: 'number' }, { type: 'null' }] }),
  'keywords of others': prop({ nullable: true, discriminator: { propertyName: 'a' } }),
}

/** No validator accepts these; the CLI leaves the tool out without a message. */
const REFUSED: Record<string, [given: JsonSchema, path: string]> = {
  'a root that is no object': [{ type: 'string' }, '.type'],
  'an unknown type': [prop({ type: 'file' }), '.properties.x.type'],
  'no type at all': [prop({ type: [] }), '.properties.x.type'],
  'a property that is a text': [prop('string'), '.properties.x'],
  'a property that is null': [prop(null), '.properties.x'],
  'a title that is a number': [prop({ title: 5 }), '.properties.x.title'],
  'a name that is a number': [{ type: 'object', required: ['a', 5] }, '.required[1]'],
  'required as a text': [prop({ required: 'a' }), '.properties.x.required'],
  'a minimum that is a text': [prop({ minimum: '3' }), '.properties.x.minimum'],
  'half a character': [prop({ minLength: 1.5 }), '.properties.x.minLength'],
  'multiples of nothing': [prop({ multipleOf: 0 }), '.properties.x.multipleOf'],
  'no choice': [prop({ anyOf: [] }), '.properties.x.anyOf'],
  'a choice of texts': [prop({ oneOf: ['a'] }), '.properties.x.oneOf[0]'],
  'an enum that is a text': [prop({ enum: 'a' }), '.properties.x.enum'],
  'a reference that is a number': [prop({ $ref: 5 }), '.properties.x.$ref'],
  'a definition that is a number': [{ type: 'object', $defs: { a: 5 } }, '.$defs.a'],
  'a parameter named $ref': [
    { type: 'object', properties: { $ref: { type: 'string' } } },
    '.properties.$ref',
  ],
  'a parameter with a blank': [{ type: 'object', properties: { 'a b': {} } }, '.properties."a b"'],
  'a parameter without a name': [{ type: 'object', properties: { '': {} } }, '.properties.""'],
  'a key that gets lost': [
    parsed('{"type":"object","properties":{"x":{"default":{"__proto__":1}}}}'),
    '.properties.x.default.__proto__',
  ],
  'a number without end': [
    parsed('{"properties":{"x":{"maximum":1e400}}}'),
    '.properties.x.maximum',
  ],
  'marks without end': [prop({ title: `x${'\u0301'.repeat(1_001)}` }), '.properties.x.title'],
  'too many levels': [parsed(`${'{"properties":{"x":'.repeat(300)}{}${'}}'.repeat(300)}`), ''],
  'too many values': [prop({ enum: Array.from({ length: 100_001 }, (_, i) => i) }), ''],
}

/** The CLI alters these; the header says where. */
const CHANGED: Record<string, [given: JsonSchema, path: string]> = {
  'a ligature': [prop({ enum: ['a', 'ﬁ'] }), '.properties.x.enum[1]'],
  'a joiner': [prop({ description: '👩\u200d🚀' }), '.properties.x.description'],
  'a private character': [prop({ const: '\ue000' }), '.properties.x.const'],
  'half a pair': [prop({ const: '\ud800' }), '.properties.x.const'],
  'a nested name': [prop({ properties: { '…': {} } }), '.properties.x.properties."…"'],
  'a decomposed letter': [prop({ default: { k: 'e\u0301' } }), '.properties.x.default.k'],
  'an integer beyond 2^53': [prop({ maximum: 2 ** 63 }), '.properties.x.maximum'],
}

describe('a schema of a tool', () => {
  for (const [what, [schema, sent]] of Object.entries(REPAIRED)) {
    test(`${what} is repaired, and nothing is altered`, () => {
      const { schema: repaired, changed } = read(given(schema))
      expect(repaired).toStrictEqual(sent)
      expect(changed).toEqual([])
    })
  }

  for (const [what, schema] of Object.entries(KEPT)) {
    test(`${what} stays as it is`, () => {
      const { schema: kept, changed } = read(given(schema))
      expect(JSON.stringify(kept)).toBe(JSON.stringify(schema))
      expect(changed).toEqual([])
    })
  }

  for (const [what, [schema, path]] of Object.entries(REFUSED)) {
    test(`${what} is refused by its path`, () => {
      expect(refusal(given(schema))).toBe(`tools[0].function.parameters${path}`)
    })
  }

  for (const [what, [schema, path]] of Object.entries(CHANGED)) {
    test(`${what} is named`, () => {
      const { schema: kept, changed } = read(given(schema))
      expect(kept).toEqual(schema)
      expect(changed).toEqual([`tools[0].function.parameters${path}`])
    })
  }

  test('a choice at the root is named, with the description into which the CLI writes', () => {
    const { changed } = read(given({ type: 'object', anyOf: [{ required: ['a'] }] }))
    expect(changed).toEqual(['tools[0].function.parameters.anyOf', 'tools[0].function.description'])
  })

  test('a tool with many altered places is named once', () => {
    const { changed } = read(given(prop({ enum: Array.from({ length: 9 }, (_, i) => `ﬁ${i}`) })))
    expect(changed).toEqual(['tools[0].function'])
  })
})
