import { describe, expect, test } from 'bun:test'
import { faultsIn, planted } from './faults.ts'

const mutants = (source: string) => faultsIn(source).map((fault) => planted(source, fault))

describe('faults', () => {
  test.each([
    ['const a = b === c', ['const a = (b) !== (c)']],
    ['const a = b && c', ['const a = (b) || (c)']],
    ['if (a) b()', ['if (!(a)) b()', 'if (a) ;']],
    ['const a = !b', ['const a = (b)']],
    ['a = b', [';']],
    ['const a = true', ['const a = false']],
    ['const a = 7', ['const a = (7 + 1)']],
    ["const a = { b: 'x', c: 'y' }", ["const a = { b: 'y', c: 'x' }"]],
    ['const a: number = b as number', []],
  ])('%s', (source, expected) => {
    expect(mutants(source)).toEqual(expected)
  })

  test('characters outside the basic plane do not shift a place', () => {
    expect(mutants("const a = '🦩' + b")).toEqual(["const a = ('🦩') - (b)"])
  })
})
