import { expect, test } from 'bun:test'
import { KeyedQueue } from '../../../src/dialect/calls/keyed-queue.ts'

test('each key has a queue of its own, first in, first out', () => {
  const queue = new KeyedQueue<number>()
  for (const [key, item] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
  ] as const) {
    queue.put(key, item)
  }
  expect([queue.keys(), queue.take('a'), queue.has('a'), queue.take('a')]).toEqual([
    ...[['a', 'b'], 1, true, 3],
  ])
  expect([queue.has('a'), queue.take('a'), queue.keys()]).toEqual([false, undefined, ['b']])
  queue.put('a', 4)
  expect(queue.take('a')).toBe(4)
})
