import { describe, expect, test } from 'bun:test'
import { isExactValue, readCallArguments } from '../../../src/dialect/calls/call-arguments.ts'

const EXACT = [
  ...['{}', '', ' \n', ' {"a" : 1 } ', '{"n":9007199254740991}', '{"n":9007199254740992}'],
  ...['{"n":1.0,"m":1e2,"k":0.10,"j":-0,"i":0e5,"h":1E+2,"g":-1.50e-3}', '{"n":1e300}'],
  ...['{"b":1,"1":2}', '{"a":{"a":[{"a":1}]}}', '{"a":"\\"x\\": 1","b":"\\\\"}', '{"a":"12e400"}'],
  ...['{"s":"\\ud83d\\ude00 \\u0041"}', '{"__proto__":{"x":1}}', '{"":1}', '{"a" \n: "b:"}'],
]
const ALTERED = [
  ...['{"n":12345678901234567890}', '{"n":9007199254740993}', '{"n":1e400}', '{"n":-1e-400}'],
  ...['{"n":0.1234567890123456789012345}', '{"a":[{"n":[1,2,100000000000000000001]}]}'],
  ...['{"a":1,"a":2}', '{"x":{"a":1,"\\u0061":1}}', '{"s":"\\ud800"}', '{"\\udc00":1}'],
  ...['{"at":', '[1]', '"x"', 'null', '5', 'look'],
]

describe('arguments that reach the model as the value they are', () => {
  for (const json of EXACT) {
    test(JSON.stringify(json), () => {
      const input: unknown = JSON.parse(json.trim() || '{}')
      expect(readCallArguments(json)).toEqual({ input, isExact: true })
    })
  }
})

describe('arguments that JavaScript reads as another value', () => {
  for (const json of ALTERED) {
    test(json, () => {
      expect(readCallArguments(json).isExact).toBe(false)
    })
  }
})

test('what is no object is handed back inside of one', () => {
  expect(readCallArguments('[1]').input).toEqual({ value: [1] })
  expect(readCallArguments('{"at":').input).toEqual({ arguments: '{"at":' })
})

test('the steps grow with the length, whatever is in it', () => {
  const million = 1_000_000
  const nested = `${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`
  for (const json of [
    `{"a":"${'\\\\'.repeat(million)}"}`,
    `{"a":"${'\\"'.repeat(million)}"}`,
    `{"a":${'1'.repeat(300)}${'0'.repeat(8)}}`,
    `{"a":0.5${'0'.repeat(million)}}`,
    `{"a":[${'1,'.repeat(million)}1]}`,
    nested,
  ]) {
    expect(typeof readCallArguments(json).isExact).toBe('boolean')
  }
  expect(readCallArguments(`{"a":0.5${'0'.repeat(million)}}`).isExact).toBe(true)
})

test('a value that was parsed before is judged by what is left of it', () => {
  const values = [
    { a: [1, -1.5, 'x', null, true] },
    { n: 2 ** 53 },
    { n: Infinity },
    { '\ud800': 1 },
  ]
  expect(values.map(isExactValue)).toEqual([true, false, false, false])
})
