import * as fc from 'fast-check'

type Schema = Readonly<Record<string, unknown>>

export type SchemaOptions = {
  /** Not all valid, but not hostile. */
  odd: boolean
  /** What descriptions and values are made of. */
  text: fc.Arbitrary<string>
}

const NAMES = [
  ...['at', 'path', 'type', 'properties', 'required', 'items', 'enum', 'description', 'x-y', 'a.b'],
  ...['default', 'constructor', '1', 'a_b', 'x.y-z', '__', 'toString'],
] as const
/** Values that must be repaired, refused or named. */
const ODD_NAMES = ['$ref', '$id', '__proto__', '', 'ünï', 'with space', 'ﬁ'] as const

function plainLeaf(text: fc.Arbitrary<string>): fc.Arbitrary<Schema> {
  const value = fc.oneof(fc.boolean(), fc.integer(), fc.constant(null), text)
  return fc.oneof(
    fc.constant({}),
    fc.record(
      {
        type: fc.constant('string'),
        description: text,
        title: text,
        minLength: fc.nat(5),
        format: fc.constantFrom('date-time', 'uri', 'email', 'made-up'),
        pattern: fc.constantFrom('^a+$', String.raw`^\p{L}+$`, '[é-ü]', String.raw`\d{2,4}`),
        default: text,
      },
      { requiredKeys: ['type'] },
    ),
    fc.record(
      {
        type: fc.constantFrom('integer', 'number'),
        minimum: fc.integer(),
        exclusiveMaximum: fc.integer(),
        multipleOf: fc.constantFrom(1, 0.01),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record({ type: fc.constantFrom('boolean', 'null') }),
    fc.record({ type: fc.constant(['string', 'null']), nullable: fc.boolean() }),
    fc.record({ enum: fc.uniqueArray(value, { minLength: 1, maxLength: 4 }) }),
    fc.record({ const: value }),
    fc.record({ type: fc.constant('array'), items: fc.constant(true) }),
    fc.record({ type: fc.constant('string'), 'x-order': fc.nat(), deprecated: fc.boolean() }),
    fc.constant({ $ref: '#/$defs/shared' }),
  )
}

/** As Go's nil slices, drafts 3 and 4 and careless hands write them. */
const oddLeaf: fc.Arbitrary<Schema> = fc.constantFrom<Schema>(
  { type: 'string', description: null },
  { type: 'string', enum: null },
  { type: 'string', required: true },
  { type: 'integer', minimum: 1, exclusiveMinimum: true },
  { type: 'string', title: 5 },
  { type: 'object', properties: null },
  { type: 'object', properties: { a: {} }, required: null },
  { type: 'object', properties: { a: {} }, required: ['a', 'a'] },
  { type: ['object', 'null'], properties: { a: {} } },
  { type: 'string', default: null, examples: null },
)

function schemas({ odd, text }: SchemaOptions): fc.Arbitrary<Schema> {
  const plain = plainLeaf(text)
  const leaf = odd ? fc.oneof({ weight: 3, arbitrary: plain }, oddLeaf) : plain
  const { schema } = fc.letrec<{ schema: Schema; object: Schema }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 4, arbitrary: leaf },
      tie('object'),
      fc.record({ type: fc.constant('array'), items: tie('schema') }),
      fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    ),
    object: objectOf(tie('schema'), { odd, text }),
  }))
  return schema
}

function objectOf(inner: fc.Arbitrary<Schema>, { odd, text }: SchemaOptions): fc.Arbitrary<Schema> {
  const usual = fc.constantFrom<string>(...NAMES)
  const rare = { weight: 1, arbitrary: fc.constantFrom<string>(...ODD_NAMES) }
  // Most invalid ones are refused, and with them the rest of the conversation.
  const name = odd ? fc.oneof({ weight: 60, arbitrary: usual }, rare) : usual
  return fc
    .record({
      properties: fc.uniqueArray(fc.tuple(name, inner), {
        selector: ([key]) => key,
        maxLength: 4,
      }),
      required: fc.boolean(),
      description: fc.option(text, { nil: undefined }),
      additionalProperties: fc.option(fc.boolean(), { nil: undefined }),
    })
    .map(({ properties, required, ...rest }) => ({
      type: 'object',
      ...rest,
      // Pairs, not an assignment: `__proto__` is a name like any other.
      properties: Object.fromEntries(properties),
      ...(required && { required: properties.slice(0, 2).map(([key]) => key) }),
    }))
}

const ODD_ROOTS: readonly Schema[] = [
  { type: 'object', properties: null },
  { type: 'object', properties: { a: {} }, required: null },
  { type: ['object', 'null'], properties: {} },
  { type: 'object', $defs: [], properties: {} },
  { type: 'object', anyOf: [{ required: ['a'] }], properties: { a: {} } },
  { oneOf: [{ type: 'object', properties: { a: {} } }] },
]

/** The schema of a tool's arguments. */
export function toolSchema(options: SchemaOptions): fc.Arbitrary<object> {
  const root = objectOf(schemas(options), options).map((schema) => ({
    ...schema,
    // Always there, so that a reference leads somewhere.
    $defs: { shared: { type: 'string' } },
  }))
  const simple = fc.constantFrom<Schema>(
    { type: 'object' },
    { type: 'object', properties: {} },
    { properties: { at: { type: 'string' } } },
    { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties: {} },
  )
  const choices: fc.WeightedArbitrary<object>[] = [
    { weight: 2, arbitrary: simple },
    { weight: 4, arbitrary: root },
    ...(options.odd ? [{ weight: 1, arbitrary: fc.constantFrom(...ODD_ROOTS) }] : []),
  ]
  return fc.oneof(...choices)
}
