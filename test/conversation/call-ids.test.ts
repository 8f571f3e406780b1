import { describe, expect, test } from 'bun:test'
import { CallIds } from '../../src/conversation/call-ids.ts'

const assignAll = (clientIds: readonly string[]) => {
  const ids = new CallIds()
  return clientIds.map((id) => ids.assign(id))
}

describe('ids that the CLI tells apart stay as they are', () => {
  const cases = [
    ['toolu_01ABC', 'toolu_01DEF', 'call_9'],
    ['c_1', 'c_2', 'c_3'],
    ['p_1_2', 'p_1_3'],
    ['d', 'd_1_2'],
    ['h', 'h-2'],
    ['i', 'i_2x'],
    ['k', 'k_'],
    ['j', 'j__2'],
    ['n', 'N_1'],
    ['_1', '_2'],
  ]
  for (const ids of cases) {
    test(ids.join(' '), () => {
      expect(assignAll(ids)).toEqual(ids)
    })
  }
})

describe('ids that the CLI or the model API would mix up', () => {
  const cases: [string[], string[]][] = [
    [
      ['a', 'a_2'],
      ['a', 'a_2-2'],
    ],
    [
      ['b_2', 'b'],
      ['b_2', 'b-2'],
    ],
    [
      ['t_1', 't_2', 't', 't_3'],
      ['t_1', 't_2', 't-2', 't_3'],
    ],
    [
      ['e_1', 'e_1_2', 'e'],
      ['e_1', 'e_1_2-2', 'e-2'],
    ],
    [
      ['l_', 'l__3'],
      ['l_', 'l__3-2'],
    ],
    [
      ['f', 'f_01'],
      ['f', 'f_01-2'],
    ],
    [
      ['r', 'r', 'r'],
      ['r', 'r-2', 'r-3'],
    ],
    [
      ['r-2', 'r', 'r', 'r-2'],
      ['r-2', 'r', 'r-3', 'r-2-2'],
    ],
    [
      ['s-2_7', 's', 's'],
      ['s-2_7', 's', 's-3'],
    ],
    [
      ['call.1', 'call-1', 'ü', ''],
      ['call-1', 'call-1-2', '-', 'call'],
    ],
  ]
  for (const [clientIds, expected] of cases) {
    test(clientIds.join(' '), () => {
      expect(assignAll(clientIds)).toEqual(expected)
    })
  }
})

test('an id depends on nothing that comes after it', () => {
  const clientIds = ['x_1', 'x', 'x', 'x_2', 'x-2', 'x_1', 'y.', 'y']
  const all = assignAll(clientIds)
  for (const length of clientIds.keys()) {
    expect(assignAll(clientIds.slice(0, length))).toEqual(all.slice(0, length))
  }
})

test('an id is claimed once, and not beside one that the CLI takes for the same', () => {
  const ids = new CallIds()
  const claims = ['call_1', 'call_1', 'call', 'call_2', 'call.3'].map((id) => ids.claim(id))
  expect(claims).toEqual([true, false, false, true, false])
})

test('the steps grow with the number of calls, whatever their ids', () => {
  const count = 100_000
  const shapes: ((n: number) => string)[] = [
    () => 'same',
    (n) => (n % 2 === 0 ? `x-${n / 2 + 2}` : 'x'),
    (n) => (n % 2 === 0 ? `y_${n}` : 'y'),
  ]
  for (const shape of shapes) {
    const ids = assignAll(Array.from({ length: count }, (_, n) => shape(n)))
    expect(new Set(ids).size).toBe(count)
  }
})
