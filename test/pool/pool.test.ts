import { afterEach, describe, expect, test } from 'bun:test'
import { getLogger } from '@logtape/logtape'
import {
  type Conversation,
  DEFAULT_PARAMETERS,
  type TurnEvent,
} from '../../src/conversation/types.ts'
import { TurnError } from '../../src/errors.ts'
import { Pool, type PoolOptions } from '../../src/pool/pool.ts'
import type { Need, Offer } from '../../src/conversation/need.ts'
import type { Turn, Worker } from '../../src/pool/worker.ts'
import { START, STOP } from '../support/fakes/fake-pool.ts'
import { until, within } from '../support/waiting.ts'

const SOON_MS = 3_000
const never = new AbortController().signal

function conversation(said = 'hi'): Conversation {
  return {
    model: 'sonnet',
    system: '',
    messages: [{ role: 'user', content: [{ type: 'text', text: said }] }],
    tools: [],
    parameters: DEFAULT_PARAMETERS,
  }
}

/** A worker in memory: what it is asked is seen, and what it answers is for the test to say. */
class FakeWorker implements Worker {
  readonly models = [{ alias: 'sonnet', id: 'claude-sonnet-5-5' }]
  readonly #gone = Promise.withResolvers<{ code: number; signal: null; stderr: string }>()
  readonly exited = this.#gone.promise
  readonly asked: Conversation[] = []
  readonly isParked = false
  isWorn = false
  /** Whether it is ready for more after a turn. */
  settled = Promise.resolve(true)
  /** Whether it can be taken back once it has heard something. */
  rewinds = true
  #turn: FakeTurn | undefined
  #beginning: string | undefined

  offer({ beginning }: Need): Offer | undefined {
    const rest = { kept: 0, isOwn: false, hasTools: true }
    if (this.#beginning === undefined) return { how: 'pristine', ...rest }
    return this.rewinds && beginning === this.#beginning ? { how: 'rewound', ...rest } : undefined
  }

  run({ beginning, conversation: asked }: Need): Turn {
    this.#beginning = beginning
    this.asked.push(asked)
    this.#turn = new FakeTurn()
    return this.#turn
  }

  get turn(): FakeTurn {
    if (!this.#turn) throw new Error('This worker has not been asked.')
    return this.#turn
  }

  async end(reason?: Error): Promise<void> {
    if (reason) this.#turn?.fail(reason)
    this.die()
    await this.exited
  }

  die(): void {
    this.#turn?.fail(new TurnError('worker', 'The worker died.'))
    this.#gone.resolve({ code: 1, signal: null, stderr: '' })
  }
}

class FakeTurn implements Turn {
  readonly #started = Promise.withResolvers<void>()
  readonly #requested = Promise.withResolvers<void>()
  readonly #finished = Promise.withResolvers<void>()
  readonly started = this.#started.promise
  readonly requested = this.#requested.promise
  readonly finished = this.#finished.promise
  readonly events: ReadableStream<TurnEvent>
  readonly rateLimit = undefined
  readonly stopReason = 'end'
  wasRequested = false
  mayBeRepeated = false
  #controller: ReadableStreamDefaultController<TurnEvent> | undefined

  constructor() {
    this.started.catch(() => {})
    this.events = new ReadableStream({
      start: (controller) => {
        this.#controller = controller
      },
    })
  }

  /** The request has gone to the model. */
  ask(): void {
    this.wasRequested = true
    this.#requested.resolve()
  }

  answer(): void {
    this.ask()
    this.#controller?.enqueue(START)
    this.#started.resolve()
  }

  finish(): void {
    this.answer()
    this.#controller?.enqueue(STOP)
    this.#finished.resolve()
  }

  cancel(): void {
    this.fail(new TurnError('cancelled', 'The client went away.'))
  }

  fail(error: Error): void {
    this.#started.reject(error)
    this.#requested.resolve()
    this.#finished.resolve()
  }
}

const pools: Pool[] = []
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()))
})

type Test = Partial<PoolOptions> & { make?: (worker: FakeWorker) => void }

function testPool({ make = () => {}, ...options }: Test = {}) {
  const workers: FakeWorker[] = []
  const pool = new Pool({
    boot: async () => {
      const worker = new FakeWorker()
      make(worker)
      workers.push(worker)
      return worker
    },
    ...{ maxWorkers: 2, warmWorkers: 0, maxQueue: 10 },
    ttlMs: { idle: 60_000, parked: 60_000 },
    log: getLogger('nobody listens'),
    ...options,
  })
  pools.push(pool)
  const askedOf = (said: string) =>
    workers.find(({ asked }) => JSON.stringify(asked).includes(JSON.stringify(said)))
  const asked = async (said: string) => {
    await until(() => askedOf(said) !== undefined, SOON_MS, `'${said}' at a worker`)
    return askedOf(said)?.turn ?? new FakeTurn()
  }
  const run = (said: string, signal: AbortSignal = never, client = '') =>
    pool.run(conversation(said), { client, signal })
  return { pool, workers, asked, askedOf, run }
}

const failureOf = (promise: Promise<unknown>) => promise.catch((error: unknown) => error)

describe('warm workers', () => {
  test('are booted before anybody asks, and the next is booted when one is taken', async () => {
    const { pool, workers, run, asked } = testPool({ warmWorkers: 1 })
    await until(() => pool.snapshot().pristine === 1, SOON_MS, 'a warm worker')
    const answer = run('a')
    ;(await asked('a')).answer()
    expect((await answer).worker).toBe('warm')
    await until(() => pool.snapshot().pristine === 1, SOON_MS, 'the next warm worker')
    expect(workers.length).toBe(2)
  })

  test('wait while a turn is on its way to the model: its CPU is not theirs', async () => {
    const { pool, workers, run, asked } = testPool({ warmWorkers: 1, maxWorkers: 4 })
    await until(() => pool.snapshot().pristine === 1, SOON_MS, 'a warm worker')
    const answer = run('a')
    const turn = await asked('a')
    await new Promise(setImmediate)
    expect(workers.length).toBe(1)
    turn.ask()
    await until(() => workers.length === 2, SOON_MS, 'the next warm worker')
    turn.answer()
    await answer
  })

  test('beyond the first wait until the work of a batch is done', async () => {
    const { pool, workers, run, asked } = testPool({ warmWorkers: 2, maxWorkers: 4 })
    await until(() => pool.snapshot().pristine === 2, SOON_MS, 'two warm workers')
    for (const said of ['a', 'b', 'c']) {
      const answer = run(said)
      ;(await asked(said)).finish()
      await answer
    }
    expect(workers.length).toBe(2)
    await until(() => workers.length === 3, SOON_MS, 'the second warm worker')
  })

  test('that die unasked are booted anew, but not in a hurry', async () => {
    const { pool, workers } = testPool({ warmWorkers: 1 })
    await until(() => pool.snapshot().pristine === 1, SOON_MS, 'a warm worker')
    workers[0]?.die()
    await until(() => pool.snapshot().pristine === 0, SOON_MS, 'the death')
    expect(workers.length).toBe(1)
    await until(() => pool.snapshot().pristine === 1, SOON_MS, 'another warm worker')
    expect(workers.length).toBe(2)
  })
})

describe('more requests than workers', () => {
  test('wait in turn: first come, first served, by a worker that is taken back', async () => {
    const { run, asked, askedOf, workers } = testPool({ maxWorkers: 1 })
    const answers = ['a', 'b', 'c'].map((said) => failureOf(run(said)))
    for (const [index, said] of ['a', 'b', 'c'].entries()) {
      const turn = await asked(said)
      expect(workers.length).toBe(1)
      const later = ['a', 'b', 'c'].slice(index + 1).filter((other) => askedOf(other))
      expect(later).toEqual([])
      turn.finish()
    }
    for (const answer of await Promise.all(answers)) expect(answer).toHaveProperty('events')
  })

  test('are never answered by more workers than allowed', async () => {
    const { pool, run, asked } = testPool({ maxWorkers: 2, warmWorkers: 2 })
    const words = Array.from({ length: 12 }, (_, index) => `word ${index}`)
    const answers = words.map((said) => run(said))
    for (const said of words) {
      const turn = await asked(said)
      const { alive, booting } = pool.snapshot()
      expect(alive + booting).toBeLessThanOrEqual(2)
      turn.finish()
    }
    await Promise.all(answers)
  })

  test('are refused when the queue is full, with a time to come back', async () => {
    const { run, asked } = testPool({ maxWorkers: 1, maxQueue: 1 })
    const first = run('a')
    await asked('a')
    const second = failureOf(run('b'))
    expect(await failureOf(run('c'))).toMatchObject({
      kind: 'queue_full',
      retryAfterS: expect.any(Number),
    })
    ;(await asked('a')).finish()
    await first
    ;(await asked('b')).finish()
    expect(await second).toHaveProperty('events')
  })

  test('are taken from the client that has least', async () => {
    const { run, asked, askedOf } = testPool({ maxWorkers: 2 })
    const greedy = ['a1', 'a2', 'a3', 'a4'].map((said) => failureOf(run(said, never, 'a')))
    await asked('a1')
    await asked('a2')
    const modest = failureOf(run('b1', never, 'b'))
    ;(await asked('a1')).finish()
    const turn = await asked('b1')
    expect(askedOf('a3')).toBeUndefined()
    // Each has one now, so the oldest request is next.
    ;(await asked('a2')).finish()
    ;(await asked('a3')).finish()
    turn.finish()
    ;(await asked('a4')).finish()
    for (const answer of await Promise.all([...greedy, modest])) {
      expect(answer).toHaveProperty('events')
    }
  })

  test('cannot fill the queue for all: the newest of who has most is refused', async () => {
    const { run, asked } = testPool({ maxWorkers: 1, maxQueue: 2 })
    const first = failureOf(run('a1', never, 'a'))
    await asked('a1')
    const [second, third] = ['a2', 'a3'].map((said) => failureOf(run(said, never, 'a')))
    const other = failureOf(run('b1', never, 'b'))
    expect(await third).toMatchObject({ kind: 'queue_full', retryAfterS: expect.any(Number) })
    for (const said of ['a1', 'b1', 'a2']) (await asked(said)).finish()
    for (const answer of await Promise.all([first, second, other])) {
      expect(answer).toHaveProperty('events')
    }
  })

  test('leave the queue when their client goes away, and no worker is asked for them', async () => {
    const { pool, run, asked, askedOf } = testPool({ maxWorkers: 1 })
    const first = run('a')
    const turn = await asked('a')
    const client = new AbortController()
    const second = failureOf(run('b', client.signal))
    const third = run('c')
    await until(() => pool.snapshot().queued === 2, SOON_MS, 'both in the queue')
    client.abort()
    expect(await second).toMatchObject({ kind: 'cancelled' })
    expect(pool.snapshot().queued).toBe(1)
    turn.finish()
    await first
    ;(await asked('c')).finish()
    await third
    expect(askedOf('b')).toBeUndefined()
  })

  test('a worker that comes free as a client goes away serves the next one', async () => {
    const boots: PromiseWithResolvers<Worker>[] = []
    const { run } = testPool({
      maxWorkers: 1,
      boot: () => {
        const boot = Promise.withResolvers<Worker>()
        boots.push(boot)
        return boot.promise
      },
    })
    const client = new AbortController()
    const first = failureOf(run('a', client.signal))
    const second = failureOf(run('b'))
    const worker = new FakeWorker()
    await until(() => boots.length === 1, SOON_MS, 'the boot')
    boots[0]?.resolve(worker)
    client.abort()
    expect(await first).toMatchObject({ kind: 'cancelled' })
    // Ended with its client or handed on: the second must be served in the end.
    const serving = async () => {
      for (;;) {
        if (worker.asked.some((one) => JSON.stringify(one).includes('"b"'))) return worker
        if (boots.length > 1) {
          const next = new FakeWorker()
          boots[1]?.resolve(next)
          await until(() => next.asked.length > 0, SOON_MS, 'the second at the second worker')
          return next
        }
        await new Promise(setImmediate)
      }
    }
    const server = await within(serving(), SOON_MS, 'a worker for the second')
    server.turn.finish()
    expect(await second).toHaveProperty('events')
  })
})

describe('a worker that dies', () => {
  test('before it asked the model is replaced, and the client sees nothing', async () => {
    const { run, asked, workers } = testPool()
    const answer = run('a')
    await asked('a')
    workers[0]?.die()
    await until(() => workers[1]?.asked.length === 1, SOON_MS, 'the request at another worker')
    workers[1]?.turn.answer()
    expect(await answer).toHaveProperty('events')
  })

  test('or refused only because it was told to refuse the next request, is asked once more', async () => {
    const { run, asked, workers } = testPool()
    const answer = run('a')
    const turn = await asked('a')
    turn.mayBeRepeated = true
    turn.fail(new TurnError('context_length_exceeded', 'Prompt is too long'))
    await until(() => workers[0]?.asked.length === 2, SOON_MS, 'the same request again')
    workers[0]?.turn.answer()
    expect(await answer).toHaveProperty('events')
  })

  test('again and again is an error in the end', async () => {
    const { run, workers } = testPool()
    const answer = failureOf(run('a'))
    const state = { settled: false }
    void answer.then(() => {
      state.settled = true
    })
    for (let index = 0; !state.settled && index < 10; index++) {
      await until(() => state.settled || workers[index]?.asked.length === 1, SOON_MS, 'a worker')
      workers[index]?.die()
      await new Promise(setImmediate)
    }
    expect(await answer).toMatchObject({ kind: 'worker' })
    expect(workers.length).toBeLessThanOrEqual(4)
  })

  test('after it asked the model is an error: asking twice would be billed twice', async () => {
    const { run, asked, workers } = testPool()
    const answer = failureOf(run('a'))
    ;(await asked('a')).ask()
    workers[0]?.die()
    expect(await answer).toMatchObject({ kind: 'worker' })
    expect(workers.flatMap((worker) => worker.asked).length).toBe(1)
  })
})

describe('a CLI that does not start', () => {
  test('is the error of all who wait, with its reason', async () => {
    const reason = new TurnError('cli_missing', 'There is no claude.')
    const { run } = testPool({ boot: () => Promise.reject(reason) })
    const failures = await Promise.all([failureOf(run('a')), failureOf(run('b'))])
    const failure = { kind: 'cli_missing', message: expect.stringContaining(reason.message) }
    expect(failures).toMatchObject([failure, failure])
  })

  test('is not tried in a hurry when nobody waits', async () => {
    let boots = 0
    const { pool } = testPool({
      warmWorkers: 1,
      boot: () => {
        boots++
        return Promise.reject(new Error('no'))
      },
    })
    await until(() => pool.snapshot().bootFailures === 1, SOON_MS, 'the failure')
    for (let round = 0; round < 50; round++) await new Promise(setImmediate)
    expect(boots).toBe(1)
    await until(() => boots === 2, SOON_MS, 'the second try')
  })
})

describe('an abort', () => {
  test('ends the turn, and the worker takes another conversation', async () => {
    const { run, asked, workers } = testPool({ maxWorkers: 1 })
    const client = new AbortController()
    const first = failureOf(run('a', client.signal))
    ;(await asked('a')).ask()
    client.abort()
    expect(await first).toMatchObject({ kind: 'cancelled' })
    const second = run('b')
    ;(await asked('b')).finish()
    expect((await second).worker).toBe('rewound')
    expect(workers.length).toBe(1)
  })

  test('that the worker does not take ends it, and its place is free', async () => {
    const { pool, run, asked, workers } = testPool({
      maxWorkers: 1,
      make: (worker) => (worker.settled = Promise.resolve(false)),
    })
    const client = new AbortController()
    const first = failureOf(run('a', client.signal))
    ;(await asked('a')).ask()
    client.abort()
    await first
    await until(() => pool.snapshot().alive === 0, SOON_MS, 'the end of the worker')
    const second = run('b')
    ;(await asked('b')).finish()
    expect((await second).worker).toBe('cold')
    expect(workers.length).toBe(2)
  })
})

/** A whole turn; the origin of its worker. */
async function finish({ run, asked }: ReturnType<typeof testPool>, said: string, client = '') {
  const answer = run(said, never, client)
  ;(await asked(said)).finish()
  return (await answer).worker
}

describe('a worker whose turn is over', () => {
  test('is taken back for a conversation that begins as its last one did', async () => {
    const tested = testPool()
    expect(await finish(tested, 'a')).toBe('cold')
    expect(await finish(tested, 'b')).toBe('rewound')
    expect(tested.workers.length).toBe(1)
  })

  test('is never used for another client', async () => {
    const tested = testPool()
    await finish(tested, 'a', 'one')
    expect(await finish(tested, 'b', 'two')).toBe('cold')
    expect(tested.workers.map(({ asked }) => asked.length)).toEqual([1, 1])
  })

  test('is replaced when it is worn', async () => {
    const tested = testPool({ make: (worker) => (worker.isWorn = true) })
    await finish(tested, 'a')
    expect(await finish(tested, 'b')).toBe('cold')
    expect(tested.workers.length).toBe(2)
  })

  test('gives way where rewinding is off: each conversation has a new one', async () => {
    const tested = testPool({ maxWorkers: 1, make: (worker) => (worker.rewinds = false) })
    await finish(tested, 'a')
    expect(await finish(tested, 'b')).toBe('cold')
  })
})

describe('close', () => {
  test('ends every worker, fails all who wait, and takes no one more', async () => {
    const { pool, run, asked, workers } = testPool({ maxWorkers: 1, warmWorkers: 1 })
    const first = failureOf(run('a'))
    await asked('a')
    const second = failureOf(run('b'))
    await within(pool.close(), SOON_MS, 'the close')
    expect(await second).toMatchObject({ kind: 'shutting_down' })
    expect(await failureOf(run('c'))).toMatchObject({ kind: 'shutting_down' })
    // The running turn gets the reason, too, not that its worker died.
    expect(await first).toMatchObject({ kind: 'shutting_down' })
    expect(pool.snapshot()).toMatchObject({ alive: 0, booting: 0, queued: 0 })
    for (const { exited } of workers) await within(exited, SOON_MS, 'the end of a worker')
  })

  test('waits for a worker that is just booting, and ends it too', async () => {
    const boot = Promise.withResolvers<Worker>()
    const { pool } = testPool({ warmWorkers: 1, boot: () => boot.promise })
    const closed = pool.close()
    const worker = new FakeWorker()
    boot.resolve(worker)
    await within(closed, SOON_MS, 'the close')
    await within(worker.exited, SOON_MS, 'the end of the worker')
    expect(worker.asked).toEqual([])
  })

  test('twice is once', async () => {
    const { pool } = testPool({ warmWorkers: 2 })
    await within(Promise.all([pool.close(), pool.close()]), SOON_MS, 'both')
    expect(pool.snapshot().alive).toBe(0)
  })
})

describe('models', () => {
  test('are what the first worker says, and cost it nothing', async () => {
    const { pool, workers, run, asked } = testPool()
    expect(await pool.models(never)).toEqual([{ alias: 'sonnet', id: 'claude-sonnet-5-5' }])
    const answer = run('a')
    ;(await asked('a')).finish()
    await answer
    expect(workers.length).toBe(1)
  })
})
