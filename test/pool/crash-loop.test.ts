import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { availableParallelism } from 'node:os'
import { configureSync, type LogRecord } from '@logtape/logtape'
import { TurnError } from '../../src/errors.ts'
import type { WorkerSupply } from '../../src/pool/supply.ts'
import { fakeSupply, LOG_CATEGORY } from '../support/fakes/fake-supply.ts'
import { until } from '../support/waiting.ts'

const SOON_MS = 3_000

const DEATH = new TurnError('worker', 'The claude CLI exited with code 3.', {
  cause: new Error('no room'),
})
const MISSING = new TurnError('cli_missing', 'There is no claude.', { retryAfterS: 5 })

/** What is logged. */
let records: LogRecord[] = []
beforeEach(() => {
  records = []
  configureSync({
    reset: true,
    sinks: { records: (record) => void records.push(record) },
    loggers: [
      { category: LOG_CATEGORY, sinks: ['records'] },
      { category: ['logtape', 'meta'], sinks: ['records'], lowestLevel: 'error' },
    ],
  })
})

const supplies: WorkerSupply[] = []
afterEach(async () => {
  await Promise.all(supplies.splice(0).map((supply) => supply.close()))
})

function testSupply(...options: Parameters<typeof fakeSupply>) {
  const made = fakeSupply(...options)
  supplies.push(made.supply)
  return made
}

const told = (reason: TurnError, retryAfterS: unknown) => ({
  kind: reason.kind,
  message: expect.stringContaining(reason.message),
  retryAfterS,
})

describe('a CLI that dies at every start', () => {
  test('is started for the first request until it is no accident, and then for no other', async () => {
    const { state, ask } = testSupply({}, DEATH)
    for (let request = 0; request < 30; request++) {
      expect(await ask()).toMatchObject(told(DEATH, 4))
    }
    expect(state.boots).toBe(3)
    const message = 'A worker could not be started: The claude CLI exited with code 3. no room'
    expect(await ask()).toMatchObject({ message })
  })

  test('is not started more often for many at once, but for the first that go together', async () => {
    const { state, ask } = testSupply({}, DEATH)
    const answers = await Promise.all(Array.from({ length: 30 }, ask))
    for (const answer of answers) expect(answer).toMatchObject(told(DEATH, 4))
    expect(state.boots).toBe(Math.min(30, availableParallelism()) + 2)
  })

  test('is tried once when the time is up, each time after twice as long', async () => {
    const { state, ask } = testSupply({}, DEATH)
    await ask()
    for (const [seconds, boots] of [
      [4, 4],
      [8, 5],
      [16, 6],
      [30, 7],
      [30, 8],
    ] as const) {
      state.now += seconds * 1_000 - 1
      // The remaining time in whole seconds, at least one.
      expect(await ask()).toMatchObject(told(DEATH, 1))
      expect(state.boots).toBe(boots - 1)
      state.now += 1
      const next = told(DEATH, Math.min(2 * seconds, 30))
      expect(await Promise.all([ask(), ask()])).toMatchObject([next, next])
      expect(state.boots).toBe(boots)
    }
  })

  test('and is mended serves all who come after the time is up', async () => {
    const { supply, state, workers, ask } = testSupply({}, DEATH)
    await ask()
    state.failure = undefined
    expect(await ask()).toMatchObject(told(DEATH, 4))
    state.now += 4_000
    const cold = { waited: true }
    expect(await Promise.all([ask(), ask(), ask()])).toMatchObject([cold, cold, cold])
    expect(workers.length).toBe(3)
    expect(supply.counts.bootFailures).toBe(0)
    // Failures are allowed again.
    state.failure = DEATH
    await ask()
    expect(state.boots).toBe(3 + 3 + 3)
  })

  test('tries with one at a time', async () => {
    const { state, ask } = testSupply({ maxWorkers: 1 }, DEATH)
    await ask()
    state.now += 4_000
    await Promise.all([ask(), ask(), ask()])
    expect(state.boots).toBe(4)
  })

  test('says why once for each start, and nothing of those that it turns away', async () => {
    const { state, ask } = testSupply({}, DEATH)
    for (let request = 0; request < 30; request++) await ask()
    expect(records.map(({ properties }) => properties)).toEqual([
      { error: DEATH, failures: 1, nextTryMs: 1_000 },
      { error: DEATH, failures: 2, nextTryMs: 2_000 },
      { error: DEATH, failures: 3, nextTryMs: 4_000 },
    ])
    state.now += 4_000
    await ask()
    expect(records.length).toBe(4)
  })

  test('is started again for later workers, with no request there', async () => {
    const { supply, state, ask } = testSupply({ warmWorkers: 1, backoff: { firstMs: 10 } }, DEATH)
    await until(() => supply.counts.bootFailures >= 3, SOON_MS, 'the loop')
    expect(await ask()).toMatchObject(told(DEATH, 1))
    state.failure = undefined
    await until(() => supply.counts.pristine === 1, SOON_MS, 'a warm worker')
    expect(await ask()).toMatchObject({ waited: false })
  })
})

describe('an accident', () => {
  test('at a start costs those who wait nothing', async () => {
    const { supply, state, ask } = testSupply({}, DEATH)
    state.fails = (boot) => boot <= 2
    expect(await ask()).toMatchObject({ waited: true })
    expect(state.boots).toBe(3)
    expect(supply.counts.bootFailures).toBe(0)
  })

  test('that took long is told to those who wait; the next is served', async () => {
    const { state, ask } = testSupply({}, DEATH)
    state.tookMs = 30_000
    expect(await ask()).toMatchObject(told(DEATH, undefined))
    expect(state.boots).toBe(1)
    state.failure = undefined
    expect(await ask()).toMatchObject({ waited: true })
  })

  test('of workers that nobody needed yet is no reason to refuse a request', async () => {
    const { supply, workers, ask } = testSupply({ warmWorkers: 5 })
    await until(() => supply.counts.pristine === 5, SOON_MS, 'warm workers')
    for (const worker of workers) worker.die()
    await until(() => supply.counts.alive === 0, SOON_MS, 'their deaths')
    expect(supply.counts.bootFailures).toBe(0)
    expect(await ask()).toMatchObject({ waited: true })
    const deaths = records.map(({ properties }) => properties)
    expect(deaths).toEqual(workers.slice(0, 5).map(() => ({ code: 1, signal: null })))
  })
})

test('a CLI that is missing is told at once, and looked for by every request until it is back', async () => {
  const { supply, state, ask } = testSupply({}, MISSING)
  for (let request = 1; request <= 10; request++) {
    expect(await ask()).toMatchObject(told(MISSING, 5))
    expect(state.boots).toBe(request)
  }
  expect(supply.counts.bootFailures).toBe(0)
  state.failure = undefined
  expect(await Promise.all([ask(), ask()])).toMatchObject([{ waited: true }, { waited: true }])
})
