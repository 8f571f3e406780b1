import { expect, test } from 'bun:test'
import { TurnError } from '../../src/errors.ts'
import { WaitQueue } from '../../src/pool/queue.ts'
import { within } from '../support/waiting.ts'

const GIVEN_MS = 1_000

const never = new AbortController().signal

test('who waits longest is served first', async () => {
  const queue = new WaitQueue<number>()
  const waits = [1, 2, 3].map(() => queue.wait(never))
  expect(queue.length).toBe(3)
  expect([10, 20, 30].map((value) => queue.give(value))).toEqual([true, true, true])
  expect(await Promise.all(waits)).toEqual([10, 20, 30])
  expect(queue.length).toBe(0)
})

test('a value that nobody waits for stays with its giver', () => {
  expect(new WaitQueue<number>().give(1)).toBe(false)
})

test('who goes away leaves the queue, and the next one moves up', async () => {
  const queue = new WaitQueue<number>()
  const client = new AbortController()
  const first = queue.wait(client.signal).catch((e: unknown) => e)
  const second = queue.wait(never)
  client.abort()
  expect(await first).toMatchObject({ kind: 'cancelled' })
  expect(queue.length).toBe(1)
  expect(queue.give(7)).toBe(true)
  expect(await second).toBe(7)
})

test('a value given in the same breath as the one who waits goes away is not lost', async () => {
  const queue = new WaitQueue<number>()
  const client = new AbortController()
  const first = queue.wait(client.signal).catch((e: unknown) => e)
  const second = queue.wait(never)
  client.abort()
  // Before anybody has had time to notice.
  expect(queue.give(7)).toBe(true)
  await first
  expect(await within(second, GIVEN_MS, 'the value at the next in the queue')).toBe(7)
})

test('who has gone away already does not wait', async () => {
  const queue = new WaitQueue<number>()
  const error = await queue.wait(AbortSignal.abort()).catch((e: unknown) => e)
  expect(error).toMatchObject({ kind: 'cancelled' })
  expect(queue.length).toBe(0)
})

test('a failure reaches everybody who waits, and nobody later', async () => {
  const queue = new WaitQueue<number>()
  const waits = [1, 2].map(() => queue.wait(never).catch((e: unknown) => e))
  const reason = new TurnError('worker', 'no')
  queue.failAll(reason)
  for (const error of await Promise.all(waits)) expect(error).toBe(reason)
  const later = queue.wait(never)
  expect(queue.give(1)).toBe(true)
  expect(await later).toBe(1)
})
