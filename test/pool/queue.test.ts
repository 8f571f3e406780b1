import { describe, expect, test } from 'bun:test'
import { TurnError } from '../../src/errors.ts'
import { Shares } from '../../src/pool/shares.ts'
import { WaitQueue } from '../../src/pool/queue.ts'
import { within } from '../support/waiting.ts'

const GIVEN_MS = 1_000

const from = (signal: AbortSignal, client = 'a') => ({ client, signal })
const never = from(new AbortController().signal)

test('who waits longest is served first', async () => {
  const queue = new WaitQueue<number>(new Shares())
  const waits = [1, 2, 3].map(() => queue.wait(never))
  expect(queue.length).toBe(3)
  expect([10, 20, 30].map((value) => queue.give(value))).toEqual([true, true, true])
  expect(await Promise.all(waits)).toEqual([10, 20, 30])
  expect(queue.length).toBe(0)
})

test('a value that nobody waits for stays with its giver', () => {
  expect(new WaitQueue<number>(new Shares()).give(1)).toBe(false)
})

test('who goes away leaves the queue, and the next one moves up', async () => {
  const queue = new WaitQueue<number>(new Shares())
  const client = new AbortController()
  const first = queue.wait(from(client.signal)).catch((e: unknown) => e)
  const second = queue.wait(never)
  client.abort()
  expect(await first).toMatchObject({ kind: 'cancelled' })
  expect(queue.length).toBe(1)
  expect(queue.give(7)).toBe(true)
  expect(await second).toBe(7)
})

test('a value given in the same breath as the one who waits goes away is not lost', async () => {
  const queue = new WaitQueue<number>(new Shares())
  const client = new AbortController()
  const first = queue.wait(from(client.signal)).catch((e: unknown) => e)
  const second = queue.wait(never)
  client.abort()
  // Before anybody has had time to notice.
  expect(queue.give(7)).toBe(true)
  await first
  expect(await within(second, GIVEN_MS, 'the value at the next in the queue')).toBe(7)
})

test('who has gone away already does not wait', async () => {
  const queue = new WaitQueue<number>(new Shares())
  const error = await queue.wait(from(AbortSignal.abort())).catch((e: unknown) => e)
  expect(error).toMatchObject({ kind: 'cancelled' })
  expect(queue.length).toBe(0)
})

test('a failure reaches everybody who waits, and nobody later', async () => {
  const queue = new WaitQueue<number>(new Shares())
  const waits = [1, 2].map(() => queue.wait(never).catch((e: unknown) => e))
  const reason = new TurnError('worker', 'no')
  queue.failAll(reason)
  for (const error of await Promise.all(waits)) expect(error).toBe(reason)
  const later = queue.wait(never)
  expect(queue.give(1)).toBe(true)
  expect(await later).toBe(1)
})

/** A queue, and who of those that wait in it was served or refused, in order. */
function watchedQueue() {
  const shares = new Shares()
  const queue = new WaitQueue<number>(shares)
  const order: string[] = []
  const refused: string[] = []
  const wait = (client: string, name = client) => {
    const { signal } = never
    queue.wait({ client, signal }).then(
      () => order.push(name),
      () => refused.push(name),
    )
  }
  return { shares, queue, order, refused, wait }
}
const settled = () => new Promise(setImmediate)

describe('shares', () => {
  test('who has nothing running comes before who has, then who has least', async () => {
    const { shares, queue, order, wait } = watchedQueue()
    for (const client of ['a', 'a', 'b']) shares.begin(client)
    for (const client of ['a', 'b', 'c']) wait(client)
    for (let value = 0; value < 3; value++) queue.give(value)
    await settled()
    expect(order).toEqual(['c', 'b', 'a'])
  })

  test('what is given counts at once, so that equals take turns', async () => {
    const { queue, order, wait } = watchedQueue()
    for (const client of ['a', 'a', 'a', 'b', 'b', 'c']) wait(client)
    for (let value = 0; value < 6; value++) queue.give(value)
    await settled()
    expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'a'])
  })

  test('a full queue makes room for who has less, at the cost of who has most', async () => {
    const { queue, refused, wait } = watchedQueue()
    for (const name of ['a1', 'a2', 'a3']) wait('a', name)
    wait('b', 'b1')
    const reason = new TurnError('queue_full', 'no')
    expect(queue.displaceFor('c', reason)).toBe(true)
    await settled()
    expect(refused).toEqual(['a3'])
    wait('c')
    // Now a has two running.
    expect(queue.displaceFor('b', reason)).toBe(false)
    expect(queue.displaceFor('a', reason)).toBe(false)
    expect(queue.displaceFor('d', reason)).toBe(true)
    expect(queue.displaceFor('e', reason)).toBe(false)
    expect(queue.length).toBe(3)
  })

  test('what runs counts against those who wait as well', () => {
    const { shares, queue, wait } = watchedQueue()
    shares.begin('a')
    wait('a')
    expect(queue.displaceFor('b', new TurnError('queue_full', 'no'))).toBe(true)
    wait('b')
    expect(queue.displaceFor('a', new TurnError('queue_full', 'no'))).toBe(false)
  })
})
