import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { Pacer } from '../../../src/server/body/pacer.ts'
import { TurnError } from '../../../src/errors.ts'
import { checkBounds, MAX_DEPTH, MAX_VALUES } from '../../../src/server/body/json-bounds.ts'
import { parseJsonPaced } from '../../../src/server/body/json-parser.ts'

/** A clock by which every slice is over at once. */
const restless = () => {
  let now = 0
  return new Pacer(() => (now += 1_000))
}

type Result = { value: unknown } | { failed: true }

async function paced(json: string): Promise<Result> {
  return parseJsonPaced(Buffer.from(json), restless()).then(
    (value) => ({ value }),
    () => ({ failed: true }),
  )
}

function plain(json: string): Result {
  try {
    return { value: JSON.parse(json) }
  } catch {
    return { failed: true }
  }
}

describe('JSON that is read in slices is what JSON.parse makes of it', () => {
  test('any value, with any blanks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.json({ maxDepth: 6 }),
        fc.constantFrom('', ' ', '\n\t'),
        async (json, blank) => {
          const spaced = JSON.stringify(JSON.parse(json), null, blank)
          expect(await paced(blank + spaced + blank)).toEqual(plain(spaced))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('any text that was one, with a mistake in it', async () => {
    const mistake = fc.record({
      json: fc.json({ maxDepth: 4, stringUnit: 'binary' }),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      put: fc.constantFrom(
        '',
        ',',
        ':',
        '"',
        '\\',
        '{',
        '}',
        '[',
        ']',
        '0',
        '-',
        'e',
        't',
        ' ',
        '\n',
        '\\u12',
        '\u0001',
      ),
      cut: fc.nat(3),
    })
    await fc.assert(
      fc.asyncProperty(mistake, async ({ json, at, put, cut }) => {
        const place = Math.floor(at * json.length)
        const text = (json.slice(0, place) + put + json.slice(place + cut)).toWellFormed()
        expect(await paced(text)).toEqual(plain(text))
      }),
      { numRuns: 1_000 },
    )
  })

  const LONG = 300_000
  const cases: [string, string][] = [
    ['keys that come twice, and the prototype', '{"a":1,"__proto__":{"b":1},"a":2,"__proto__":3}'],
    ['keys that are numbers', '{"10":1,"9":2,"-1":3,"4294967295":4,"b":5,"1":6}'],
    ['numbers', '[0,-0,1e5,1E+5,0.1,-1.5e-7,123456789012345678901234567890]'],
    ['no numbers', '[01]'],
    ['words', '[true,false,null]'],
    ['no words', '[True]'],
    ['nothing', ''],
    ['blanks', '  \n '],
    ['two values', '1 2'],
    ['a comma too many', '[1,]'],
    ['a key without a value', '{"a"}'],
    ['a text', '"just a text"'],
    ['an open text', `["${'x'.repeat(LONG)}`],
    ['a control character', '["a\u0001b"]'],
    ['a long text with a control character', `["${'x'.repeat(LONG)}\n"]`],
    ['a long text', `["${'x'.repeat(LONG)}"]`],
    ['a long key', `{"${'x'.repeat(LONG)}":"${'y'.repeat(LONG)}"}`],
    ['an escape at the end', `["${'x'.repeat(LONG)}\\"]`],
  ]
  for (const [name, json] of cases) {
    test(name, async () => expect(await paced(json)).toEqual(plain(json)))
  }

  // What a piece may end in, at every offset of it.
  const units = [
    '\\n',
    '\\"',
    '\\\\',
    '\\u0041',
    '\\ud83d\\ude00',
    'é',
    '漢',
    '😀',
    '\\\\u0041',
    'u\\u00e9',
  ]
  for (const unit of units) {
    test(`a long text of ${unit}, cut anywhere`, async () => {
      for (const before of ['', 'a', 'ab', 'abc', 'abcd', 'abcde']) {
        const json = `{"k":["${before}${unit.repeat(LONG / 2)}","${unit}"]}`
        expect(Bun.deepEquals(await paced(json), plain(json))).toBe(true)
      }
    })
  }
})

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
const wide = (values: number) => `[${Array.from({ length: values - 1 }, () => '0').join(',')}]`
const within = (json: string) => JSON.stringify({ input: [{ arguments: json }] })
describe('JSON that is too complex is refused', () => {
  const cases: [name: string, fits: string, refused: string][] = [
    ['by its depth', deep(MAX_DEPTH), deep(MAX_DEPTH + 1)],
    ['by its values', wide(MAX_VALUES), wide(MAX_VALUES + 1)],
    ['by the depth of arguments', within(deep(MAX_DEPTH)), within(deep(MAX_DEPTH + 1))],
    ['by the values of arguments', within(wide(MAX_VALUES - 10)), within(wide(MAX_VALUES))],
  ]
  const ways: [string, (json: string) => Promise<void>][] = [
    ['at once', async (json) => checkBounds(JSON.parse(json))],
    ['in slices', async (json) => void (await parseJsonPaced(Buffer.from(json), new Pacer()))],
  ]
  for (const [way, read] of ways) {
    for (const [name, fits, refused] of cases) {
      test(`${name}, ${way}`, async () => {
        await read(fits)
        const error = await read(refused).catch((cause: unknown) => cause)
        expect(error).toBeInstanceOf(TurnError)
        expect(error).toMatchObject({ kind: 'request_too_large' })
      })
    }
  }

  test('punctuation in a text of arguments is no value', async () => {
    await parseJsonPaced(
      Buffer.from(within(JSON.stringify({ text: ',[{'.repeat(MAX_VALUES) }))),
      new Pacer(),
    )
  })
})
