import * as fc from 'fast-check'
import type { JsonSchema } from '../../../src/conversation/types.ts'

/** Few names and few values, so that a value often meets a schema. */
const NAMES = ['a', 'b', 'required'] as const
/** The CLI writes `²` and `ﬁ` in another way. */
const TEXTS = ['', 'a', 'aa', 'é', '²', 'ﬁ'] as const
const PATTERNS = ['^a+$', '^²$', '[é-ﬁ]', '^.{2}$', '\\p{L}'] as const

const name = fc.constantFrom(...NAMES)
const text = fc.constantFrom(...TEXTS)
const number = fc.constantFrom(-1, 0, 1, 1.5, 2, 3)
const atom = fc.oneof(text, number, fc.boolean(), fc.constant(null))

const { inner } = fc.letrec<{ inner: unknown }>((tie) => ({
  inner: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 3, arbitrary: atom },
    { weight: 2, arbitrary: fc.array(tie('inner'), { maxLength: 3 }) },
    fc.dictionary(name, tie('inner'), { maxKeys: 3 }),
  ),
}))

/** The arguments of a call: an object, of anything. */
export const value: fc.Arbitrary<Record<string, unknown>> = fc.dictionary(name, inner)

const some = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, arbitrary)
const names = fc.uniqueArray(name, { maxLength: 2 })
const small = fc.nat(3)

/** Without the keywords that were not drawn. */
const compact = (schema: Record<string, unknown>): JsonSchema =>
  Object.fromEntries(Object.entries(schema).filter(([, item]) => item !== undefined))

const keywords = (shape: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record(Object.fromEntries(Object.entries(shape).map(([key, item]) => [key, some(item)])))

const textSchema = keywords({
  minLength: small,
  maxLength: small,
  pattern: fc.constantFrom(...PATTERNS),
}).map((rest) => compact({ type: 'string', ...rest }))

const numberSchema = fc
  .tuple(
    fc.constantFrom('integer', 'number'),
    keywords({ multipleOf: fc.constantFrom(1, 0.5, 2) }),
    fc.record({ minimum: number, exclusiveMaximum: number }, { requiredKeys: [] }),
    fc.record({ exclusiveMinimum: number, maximum: number }, { requiredKeys: [] }),
    fc.boolean(),
  )
  .map(([type, rest, one, other, first]) => compact({ type, ...rest, ...(first ? one : other) }))

const leaf: fc.Arbitrary<JsonSchema> = fc.oneof(
  textSchema,
  numberSchema,
  fc.constantFrom<JsonSchema>({}, { type: 'boolean' }, { type: ['string', 'null'] }),
  fc.record({ enum: fc.uniqueArray(atom, { minLength: 1, maxLength: 3 }) }),
  fc.record({ const: atom }),
  fc.constant({ $ref: '#/$defs/shared' }),
)

const { schema, object } = fc.letrec<{ schema: JsonSchema; object: JsonSchema }>((tie) => {
  const deeper = tie('schema')
  const properties = fc.dictionary(name, deeper, { maxKeys: 3 })
  const array = keywords({
    prefixItems: fc.array(leaf, { minLength: 1, maxLength: 2 }),
    items: fc.oneof(deeper, fc.boolean()),
    minItems: small,
    maxItems: small,
    uniqueItems: fc.boolean(),
    contains: deeper,
  }).map((rest) => compact({ type: 'array', ...rest }))
  const tuple = fc
    .record({ prefixItems: fc.tuple(leaf), items: fc.oneof(leaf, fc.boolean()) })
    .map((rest) => ({ type: 'array', ...rest }))
  const combined = fc.oneof(
    ...['anyOf', 'oneOf', 'allOf'].map((key) =>
      fc.array(deeper, { minLength: 1, maxLength: 2 }).map((list) => ({ [key]: list })),
    ),
    fc.record({ not: deeper }),
    fc
      .tuple(deeper, ...['then', 'else'].map((key) => some(deeper).map((one) => ({ [key]: one }))))
      .map(([test, ...branches]) => compact(Object.assign({ if: test }, ...branches))),
  )
  const parts = {
    properties,
    required: names,
    additionalProperties: fc.oneof(deeper, fc.boolean()),
    patternProperties: fc.dictionary(fc.constantFrom('^a', '^[bé]', 's$'), deeper, { maxKeys: 1 }),
    propertyNames: fc.constantFrom<JsonSchema>({ maxLength: 4 }, { pattern: '^[a-z]+$' }),
    minProperties: small,
    dependentRequired: fc.dictionary(name, names, { maxKeys: 1 }),
    dependentSchemas: fc.dictionary(name, deeper, { maxKeys: 1 }),
  }
  return {
    schema: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      { weight: 4, arbitrary: leaf },
      array,
      tuple,
      combined,
      tie('object'),
    ),
    object: keywords(parts).map((rest) => compact({ type: 'object', ...rest })),
  }
})

/** Schemas of arguments by draft 2020-12, as a careful hand would write them. */
export const currentSchema: fc.Arbitrary<JsonSchema> = fc
  .tuple(fc.oneof(object, fc.constant({ type: 'object' })), schema, schema, schema)
  .map(([root, shared, a, b]) => ({
    // Many of the roots that are drawn say nothing of any property.
    ...{ properties: { a, b }, ...root },
    $defs: { shared: withoutReference(shared) },
  }))

/** A reference within `shared` would lead to itself. */
function withoutReference(shared: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(shared), (key, item: unknown) =>
    key === '$ref' ? undefined : item,
  )
}
