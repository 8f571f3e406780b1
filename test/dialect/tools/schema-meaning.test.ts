import { describe, expect, test } from 'bun:test'
import { Validator } from '@cfworker/json-schema'
import * as fc from 'fast-check'
import type { JsonSchema } from '../../../src/conversation/types.ts'
import { Remarks } from '../../../src/dialect/remarks.ts'
import { toToolSpecs } from '../../../src/dialect/tools/tool-spec.ts'
import { Random } from '../../soak/random.ts'
import { currentSchema, value } from '../../support/inputs/current-schemas.ts'
import { carelessly, inDraft } from '../../support/inputs/schema-writings.ts'

const RUNS = 500

/** What is sent to the model in place of a tool's schema. */
function sent(schema: JsonSchema): JsonSchema {
  const tool = { path: 'tools[0].function', name: 'look', description: 'looks', schema }
  const [spec] = toToolSpecs([tool], 'parameters', new Remarks())
  if (!spec) throw new Error('There is no tool.')
  return spec.inputSchema
}

const isValid = (schema: JsonSchema, draft: '4' | '7' | '2020-12', given: unknown) =>
  new Validator(structuredClone(schema), draft).validate(given).valid

/** A schema is looked at with several values, so that it is both met and missed. */
const cases = fc.tuple(currentSchema, fc.array(value, { minLength: 10, maxLength: 20 }), fc.nat())

/** Both schemas take the same values; how many they took and how many they did not. */
function requireSameMeaning(
  written: (schema: JsonSchema, random: Random) => [JsonSchema, '4' | '7' | '2020-12'],
): { taken: number; refused: number; rewritten: number } {
  const seen = { taken: 0, refused: 0, rewritten: 0 }
  const property = fc.property(cases, ([schema, values, seed]) => {
    const [given, draft] = written(schema, new Random(seed))
    const reference = draft === '2020-12' ? schema : given
    const repaired = sent(given)
    if (JSON.stringify(repaired) !== JSON.stringify(given)) seen.rewritten++
    for (const one of values) {
      const valid = isValid(reference, draft, one)
      if (valid) seen.taken++
      else seen.refused++
      if (isValid(repaired, '2020-12', one) === valid) continue
      throw new Error(
        `${JSON.stringify(one)} is ${valid ? '' : 'not '}valid by ${JSON.stringify(given)}, and differs by ${JSON.stringify(repaired)}`,
      )
    }
  })
  fc.assert(property, { numRuns: RUNS, seed: 12 })
  return seen
}

describe('the schema that is sent takes the same arguments as the one that was given', () => {
  const writings = {
    'as draft 2020-12 has it': (schema: JsonSchema) => [schema, '2020-12'],
    'as draft 7 has it': (schema: JsonSchema) => [inDraft('7', schema), '7'],
    'as draft 4 has it': (schema: JsonSchema) => [inDraft('4', schema), '4'],
    carelessly: (schema: JsonSchema, random: Random) => [carelessly(schema, random), '2020-12'],
  } satisfies Record<
    string,
    (schema: JsonSchema, random: Random) => [JsonSchema, '4' | '7' | '2020-12']
  >
  test.each(Object.entries(writings))('written %s', (name, written) => {
    const { taken, refused, rewritten } = requireSameMeaning(written)
    // A comparison that never sees one of both would find nothing.
    expect(taken).toBeGreaterThan(RUNS / 2)
    expect(refused).toBeGreaterThan(RUNS / 2)
    if (name !== 'as draft 2020-12 has it') expect(rewritten).toBeGreaterThan(RUNS / 5)
  })
})
