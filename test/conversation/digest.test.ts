import { expect, test } from 'bun:test'
import { digestOf } from '../../src/conversation/digest.ts'

const LONG = 'x'.repeat(100_000)
const DIFFERENT: [string, unknown, unknown][] = [
  ['short texts', ['a'], ['b']],
  ['long texts', [`${LONG}a`], [`${LONG}b`]],
  ['lone surrogates in long texts', [`${LONG}\ud800`], [`${LONG}\ud801`]],
  ['a lone surrogate and what stands for one', [`${LONG}\ud800`], [`${LONG}\ufffd`]],
  ['places of a long text', [LONG, ''], ['', LONG]],
  ['where one ends', [LONG, `${LONG}x`], [`${LONG}x`, LONG]],
]

for (const [what, a, b] of DIFFERENT) {
  test(`${what}: what differs has another name`, () => {
    expect(digestOf(a)).not.toBe(digestOf(b))
    expect(digestOf(a)).toBe(digestOf(structuredClone(a)))
  })
}
