import { expect, test } from 'bun:test'
import { Backoff } from '../../src/pool/backoff.ts'

const OPTIONS = { firstMs: 500, maxMs: 3_000, forgetMs: 60_000 }

test('each failure in a row doubles the wait, up to the most; a success ends it', () => {
  const backoff = new Backoff({ ...OPTIONS, now: () => 0 })
  const waits = Array.from({ length: 5 }, () => (backoff.fail(), backoff.waitMs))
  expect(waits).toEqual([500, 1_000, 2_000, 3_000, 3_000])
  backoff.succeed()
  expect([backoff.waitMs, backoff.failures]).toEqual([0, 0])
})

test('the wait is what is left of it', () => {
  let now = 0
  const backoff = new Backoff({ ...OPTIONS, now: () => now })
  backoff.fail()
  now = 499
  expect(backoff.waitMs).toBe(1)
  now = 600
  expect([backoff.waitMs, backoff.failures]).toEqual([0, 1])
})

test('a failure long after the last is the first again', () => {
  let now = 0
  const backoff = new Backoff({ ...OPTIONS, now: () => now })
  const failures = [0, 60_000, 60_000, 60_001].map((ms) => {
    now += ms
    backoff.fail()
    return backoff.failures
  })
  expect(failures).toEqual([1, 2, 3, 1])
})
