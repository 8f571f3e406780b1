import { describe, expect, test } from 'bun:test'
import { needOf, type Offer } from '../../src/conversation/need.ts'
import { DEFAULT_PARAMETERS } from '../../src/conversation/types.ts'
import { FreeWorkers, type FreeWorkersOptions } from '../../src/pool/free-workers.ts'
import { Habits, type Standing } from '../../src/pool/habits.ts'
import { fakeWorker } from '../support/fakes/fake-worker.ts'
import { until } from '../support/waiting.ts'

const need = await needOf('a', {
  ...{ model: 'sonnet', system: '', tools: [], parameters: DEFAULT_PARAMETERS },
  messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
})
const standing: Standing = { client: 'a', program: 'p', length: 2, question: 'q' }

/** A worker that makes this offer; none, if it cannot serve. */
const offering = (offer: Partial<Offer> | undefined, isParked = false) => {
  const whole = { how: 'rewound', kept: 0, isOwn: false, hasTools: true } as const
  return fakeWorker({ offer: () => offer && { ...whole, ...offer }, isParked })
}

function shelf(options: Partial<FreeWorkersOptions> = {}) {
  const expired: unknown[] = []
  const habits = new Habits()
  const free = new FreeWorkers({
    ttlMs: { idle: 60_000, parked: 60_000 },
    ...{ habits, maxStanding: 6, hasRoom: () => true },
    onExpired: (worker) => expired.push(worker),
    ...options,
  })
  const goOn = () => {
    for (let times = 0; times < 5; times++) habits.wentOn(standing)
  }
  return { free, habits, expired, goOn }
}

describe('a request takes', () => {
  test('of several workers the one that has most of it', () => {
    const { free } = shelf()
    const [some, most, none] = [2, 4, 0].map((kept) => offering({ kept }))
    for (const worker of [some, most, none]) if (worker) free.put(worker, standing)
    expect(free.take(need)?.worker).toBe(most)
    expect(free.take(need)?.worker).toBe(some)
    expect(free.take(need)?.worker).toBe(none)
    expect(free.take(need)).toBeUndefined()
  })

  test('of those that have as much the one with least to do', () => {
    const { free } = shelf()
    const cut = offering({ kept: 2 })
    const otherTools = offering({ kept: 2, how: 'resumed', hasTools: false })
    const ready = offering({ kept: 2, how: 'resumed' })
    for (const worker of [cut, otherTools, ready]) free.put(worker, standing)
    expect([1, 2, 3].map(() => free.take(need)?.worker)).toEqual([ready, otherTools, cut])
  })

  test('none that cannot serve it', () => {
    const { free } = shelf()
    free.put(offering(undefined), standing)
    expect(free.take(need)).toBeUndefined()
  })

  test('one whose conversation is over rather than a pristine one', () => {
    const { free } = shelf()
    const pristine = offering({ how: 'pristine' })
    const over = offering({})
    free.putPristine(pristine)
    free.put(over, standing)
    expect(free.take(need)?.worker).toBe(over)
    expect(free.take(need)?.worker).toBe(pristine)
  })

  test('a pristine one rather than one whose conversation is likely to go on', () => {
    const { free, goOn } = shelf()
    const [pristine, kept] = [offering({ how: 'pristine' }), offering({})]
    free.putPristine(pristine)
    free.put(kept, standing)
    goOn()
    expect(free.take(need)?.worker).toBe(pristine)
    expect(free.take(need)?.worker).toBe(kept)
  })

  test('but the oldest such one where there are enough of them', () => {
    const { free, goOn } = shelf({ maxStanding: 2 })
    const [first, second] = [offering({}), offering({})]
    free.putPristine(offering({ how: 'pristine' }))
    free.put(first, standing)
    free.put(second, standing)
    goOn()
    expect(free.take(need)?.worker).toBe(first)
  })

  test('one that waits for results only if no other can be booted', () => {
    let room = true
    const { free } = shelf({ hasRoom: () => room })
    const parked = offering({}, true)
    free.put(parked, standing)
    expect(free.take(need)).toBeUndefined()
    room = false
    expect(free.take(need)?.worker).toBe(parked)
  })

  test('one that waits for results whose own conversation goes on in another way', () => {
    const { free } = shelf()
    const parked = offering({ isOwn: true }, true)
    free.putPristine(offering({ how: 'pristine' }))
    free.put(parked, standing)
    expect(free.take(need)?.worker).toBe(parked)
  })
})

describe('a worker that nobody takes', () => {
  test('goes when its time is up, and its conversation did not go on', async () => {
    const { free, habits, expired, goOn } = shelf({ ttlMs: { idle: 10, parked: 60_000 } })
    const worker = offering({})
    goOn()
    free.put(worker, standing)
    await until(() => expired.length > 0, 3_000, 'the end of its time')
    expect([expired, free.count('idle')]).toEqual([[worker], 0])
    for (let times = 0; times < 4; times++) habits.displace(standing)
    expect(habits.isLikely(standing)).toBe(false)
  })

  test('gives way for room: the oldest of the client that has most', () => {
    const { free } = shelf()
    const [own, first, second] = [offering({}), offering({}), offering({})]
    free.put(own, standing)
    free.put(first, { ...standing, client: 'b' })
    free.put(second, { ...standing, client: 'b' })
    expect(free.takeOldest(['pristine', 'idle', 'parked'])).toBe(first)
  })

  test('is one of those beyond a number, oldest first', () => {
    const { free } = shelf()
    const workers = [1, 2, 3].map(() => offering({}))
    for (const worker of workers) free.put(worker, standing)
    expect(free.takeBeyond('idle', 1)).toEqual(workers.slice(0, 2))
    expect(free.takeBeyond('pristine', 0)).toEqual([])
    expect(free.takeAll()).toEqual(workers.slice(2))
  })
})

describe('a conversation that has lost its worker', () => {
  const displaced = { ...standing, program: `${need.beginning} ${need.tools}` }
  const question = need.messages[0]?.digest ?? ''

  test('and comes back shows that such conversations go on', () => {
    const { habits } = shelf()
    const returned = { ...need, messages: [...need.messages, ...need.messages, ...need.messages] }
    for (let times = 0; times < 5; times++) {
      habits.displace({ ...displaced, question })
      habits.note(returned)
    }
    expect(habits.isLikely(displaced)).toBe(true)
  })

  test('and does not come back shows the contrary', () => {
    const { habits } = shelf()
    for (let times = 0; times < 5; times++) {
      habits.displace({ ...displaced, question })
      habits.note(need)
    }
    expect(habits.isLikely(displaced)).toBe(false)
  })
})
