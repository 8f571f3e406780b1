import { afterEach, describe, expect, test } from 'bun:test'
import { tmpdir } from 'node:os'
import { startGuard } from '../../../src/claude/process/guard.ts'
import { Abilities } from '../../../src/claude/abilities.ts'
import { Worker } from '../../../src/claude/worker.ts'
import { createLog } from '../../../src/log.ts'
import { Pool } from '../../../src/pool/pool.ts'
import { ask, say } from '../../support/clients/chat.ts'
import { askRaw, begins, expectError, expectErrorFrame } from '../../support/clients/failing.ts'
import { type FakeClaude, fakeClaude, type Scenario } from '../../support/fakes/fake-claude.ts'
import { fakeApp, QUESTION } from '../../support/fakes/fake-pool.ts'
import { isAlive, workersOf } from '../../support/servers/processes.ts'
import {
  startServer,
  type TestServer,
  type TestServerOptions,
} from '../../support/servers/server.ts'
import { readAnswer } from '../../support/clients/sse.ts'
import { aborted, until, within } from '../../support/waiting.ts'

const GONE_MS = 10_000
const SEEN_MS = 20_000

const fakes: FakeClaude[] = []
const servers: TestServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
  for (const fake of fakes.splice(0)) fake.remove()
})

async function serve(options: TestServerOptions = {}): Promise<TestServer> {
  const settings = { 'max-workers': 2, 'warm-workers': 0, ...options.settings }
  const server = await startServer({ ...options, settings })
  servers.push(server)
  return server
}

function pretend(scenario: Scenario): FakeClaude {
  const fake = fakeClaude(scenario)
  fakes.push(fake)
  return fake
}

for (const stream of [false, true]) {
  describe(`${stream ? 'streaming' : 'plain'}: a CLI`, () => {
    // The first gives it no time; on the others it ends itself, and may say so.
    for (const [signal, code] of [
      ['SIGKILL', 'worker_failed'],
      ['SIGTERM', 'worker_failed'],
      ['SIGINT', 'upstream_error'],
    ] as const) {
      test(`that is ended by ${signal} in its answer is an error, and the next request has another`, async () => {
        const server = await serve()
        const said = Promise.withResolvers<void>()
        server.api.answerWith((request) => {
          said.resolve()
          return begins(() => aborted(request.signal))
        })
        const response = askRaw(server, stream)
        await within(said.promise, SEEN_MS, 'the request to the model')
        // A stream has begun when its first event is there.
        const begun = stream ? await response : undefined
        const [worker] = workersOf(process.pid)
        process.kill(worker?.pid ?? 0, signal)
        const some = expect.stringMatching(/^(hel)?$/)
        if (begun) await expectErrorFrame(begun, some, code)
        else await expectError(await response, 502, code)
        server.api.forget()
        expect((await ask(server)).message.content).toBe('pong')
      })
    }

    const survived = ['garbage', 'dies-once-at-start', 'dies-once-before-asking'] as const
    for (const scenario of survived) {
      test(`with the trouble '${scenario}' gives its whole answer`, async () => {
        const server = await serve({ claude: pretend(scenario).path })
        const response = await askRaw(server, stream)
        if (!stream) {
          expect(await response.json()).toMatchObject({
            choices: [{ message: { content: 'pong' }, finish_reason: 'stop' }],
          })
          return
        }
        expect(await readAnswer(response)).toEqual({
          ...{ text: 'pong', done: true, finishReasons: ['stop'], errors: [] },
        })
      })
    }

    for (const scenario of ['broken-piece', 'shapeless-piece'] as const) {
      test(`with the trouble '${scenario}' is an error, and not a short answer`, async () => {
        const server = await serve({ claude: pretend(scenario).path })
        const response = await askRaw(server, stream)
        if (stream) await expectErrorFrame(response, 'po', 'worker_failed')
        else await expectError(response, 502, 'worker_failed')
      })
    }

    const lost: [Scenario, number, string][] = [
      ['dies-always-before-asking', 502, 'worker_failed'],
      ['dies-at-start', 502, 'worker_failed'],
      ['hangs', 504, 'timeout'],
    ]
    for (const [scenario, status, code] of lost) {
      test(`with the trouble '${scenario}' is a ${status}`, async () => {
        const claude = pretend(scenario).path
        const server = await serve({ claude, settings: { 'request-timeout': '1s' } })
        await expectError(await askRaw(server, stream), status, code)
      })
    }

    const unheard: [Scenario, string, number][] = [
      ['silent', 'unanswered for 1000 ms', 1_000],
      ['babbles', 'unanswered for 1000 ms', 1_000],
      // To read so much takes a busy machine a while.
      ['rambles', 'a line of over', 20_000],
    ]
    for (const [scenario, reason, boundMs] of unheard) {
      test(`with the trouble '${scenario}' when it starts is a 502 within its bound, and is ended`, async () => {
        const { pool, pids, close } = poolOf(pretend(scenario).path, boundMs)
        try {
          const { post } = fakeApp({ pool })
          const response = await post({ ...QUESTION, stream })
          expect(await response.clone().text()).toContain(reason)
          await expectError(response, 502, 'worker_failed')
          expect(pids().length).toBeGreaterThan(0)
          await until(() => !pids().some(isAlive), GONE_MS, 'the end of the CLI')
          expect(pool.snapshot().bootFailures).toBeGreaterThan(0)
        } finally {
          await close()
        }
      })
    }

    test('that is all taken: the queue is full at once, or waited in for no longer than it says', async () => {
      const one = { 'max-workers': 1, 'warm-workers': 1, 'queue-timeout': '1s' }
      for (const [length, status, code] of [
        [0, 429, 'queue_full'],
        [1, 503, 'overloaded'],
      ] as const) {
        const server = await serve({ settings: { ...one, 'max-queue': length } })
        // Waiting for the first worker is a wait, too.
        await until(() => server.pool.snapshot().pristine === 1, SEEN_MS, 'the warm worker')
        const asked = Promise.withResolvers<void>()
        server.api.answerWith(async ({ signal }) => {
          asked.resolve()
          await aborted(signal)
          return say('too late')
        })
        const first = new AbortController()
        const busy = askRaw(server, stream, {
          headers: { 'content-type': 'application/json' },
          signal: first.signal,
        }).catch(() => 'left')
        await within(asked.promise, SEEN_MS, 'the request to the model')
        const response = await askRaw(server, stream)
        expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
        await expectError(response, status, code)
        first.abort()
        expect(await busy).toBe('left')
        expect(server.api.requests.length).toBe(1)
      }
    })
  })
}

/** A pool whose workers must answer within a time that a test can wait for. */
function poolOf(path: string, controlTimeoutMs: number) {
  const log = createLog({ level: 'error', format: 'json' })
  const guard = startGuard(log)
  const added: number[] = []
  const env = { PATH: '/usr/bin:/bin', HOME: tmpdir() }
  const pool = new Pool({
    boot: (hint) =>
      Worker.boot({
        ...hint,
        ...{ path, args: [], env, cwd: tmpdir(), controlTimeoutMs, showThinking: false },
        abilities: new Abilities(log),
        onLogin: () => {},
        limits: { firstEventMs: 60_000, idleMs: 60_000, totalMs: 60_000 },
        guard: { ...guard, add: (pid) => (added.push(pid), guard.add(pid)) },
        places: { env, temp: tmpdir() },
      }),
    ...{ maxWorkers: 1, warmWorkers: 0, maxQueue: 1 },
    ttlMs: { idle: 1_000, parked: 1_000 },
    log,
  })
  const close = async () => {
    await pool.close()
    await guard.close()
  }
  return { pool, pids: () => added, close }
}
