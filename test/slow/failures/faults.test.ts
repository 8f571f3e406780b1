import { afterEach, describe, expect, test } from 'bun:test'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { errorReply } from '../../../src/demo/model-api.ts'
import { say } from '../../support/clients/chat.ts'
import { askRaw, begins, expectError, expectErrorFrame } from '../../support/clients/failing.ts'
import { atRest } from '../../support/servers/at-rest.ts'
import {
  startServer,
  type TestServer,
  type TestServerOptions,
} from '../../support/servers/server.ts'
import { readAnswer } from '../../support/clients/sse.ts'
import { aborted, within } from '../../support/waiting.ts'

const GONE_MS = 10_000
const SEEN_MS = 20_000
/** Enough for a running worker to ask on a busy machine; what is bounded here never comes. */
const BOUND = '2s'

const servers: TestServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

async function serve(options: TestServerOptions = {}): Promise<TestServer> {
  const settings = { 'max-workers': 2, 'warm-workers': 0, ...options.settings }
  const server = await startServer({ ...options, settings })
  servers.push(server)
  return server
}

/** A login by subscription: with an API key there are no limits of one. */
const SUBSCRIPTION = { CLAUDE_CODE_OAUTH_TOKEN: 'dummy', ANTHROPIC_API_KEY: undefined }

function usedUp(resetsAt: number): Response {
  const prefix = 'anthropic-ratelimit-unified'
  return errorReply(429, 'rate_limit_error', 'used up', {
    'x-should-retry': 'false',
    [`${prefix}-status`]: 'rejected',
    [`${prefix}-reset`]: String(resetsAt),
    [`${prefix}-representative-claim`]: 'five_hour',
    [`${prefix}-5h-status`]: 'rejected',
    [`${prefix}-5h-reset`]: String(resetsAt),
    [`${prefix}-5h-utilization`]: '1',
  })
}

for (const stream of [false, true]) {
  describe(`${stream ? 'streaming' : 'plain'}: a model`, () => {
    test('that sends no byte is a 504 after the time for the first event, and is asked no more', async () => {
      const server = await serve({ settings: { 'first-event-timeout': BOUND } })
      const asked = Promise.withResolvers<AbortSignal>()
      server.api.answerWith(async ({ signal }) => {
        asked.resolve(signal)
        await aborted(signal)
        return say('too late')
      })
      const response = askRaw(server, stream)
      const signal = await within(asked.promise, SEEN_MS, 'the request to the model')
      await expectError(await response, 504, 'timeout')
      await within(aborted(signal), GONE_MS, "the end of the model's request")
      expect(server.api.requests.length).toBe(1)
    })

    test('that falls silent in its answer is an error after the time for the next event', async () => {
      const server = await serve({ settings: { 'request-timeout': BOUND } })
      server.api.answerWith(({ signal }) => begins(() => aborted(signal)))
      const response = await askRaw(server, stream)
      if (stream) await expectErrorFrame(response, 'hel', 'timeout')
      else await expectError(response, 504, 'timeout')
      await atRest(server)
      expect(server.api.requests.length).toBe(1)
    })

    test('that never comes to an end is an error after the time for a turn', async () => {
      const server = await serve({ settings: { 'turn-timeout': BOUND } })
      let said = 0
      server.api.answerWith(({ signal }) => {
        const text = Array.from({ length: 10_000 }, () => 'on ')
        const pace = async () => {
          if (said++ > 0) await Promise.race([Bun.sleep(50), aborted(signal)])
        }
        return messageReply([{ type: 'text', text }], { pace })
      })
      const response = await askRaw(server, stream)
      if (stream) await expectErrorFrame(response, expect.stringMatching(/^(on )+$/), 'timeout')
      else await expectError(response, 504, 'timeout')
      await atRest(server)
      expect(server.api.requests.length).toBe(1)
    })

    for (const [second, whole] of [
      ['hello world', true],
      ['another answer', false],
    ] as const) {
      const outcome = whole ? 'is one whole answer' : 'is an error, never two answers in one'
      test(`that is cut off and answers '${second}' when the CLI asks again ${outcome}`, async () => {
        const server = await serve({ settings: { 'upstream-retries': 1 } })
        server.api.answerWith(() =>
          server.api.requests.length === 1 ? begins(() => Bun.sleep(300)) : say(second),
        )
        const response = await askRaw(server, stream)
        if (stream && whole) {
          const answer = await readAnswer(response)
          expect(answer).toEqual({
            ...{ text: second, done: true, finishReasons: ['stop'], errors: [] },
          })
        } else if (stream) await expectErrorFrame(response, 'hel', 'upstream_error')
        else if (whole) {
          expect(await response.json()).toMatchObject({
            choices: [{ message: { content: second }, finish_reason: 'stop' }],
          })
        } else await expectError(response, 502, 'upstream_error')
        expect(server.api.requests.length).toBe(2)
      })
    }

    test('whose subscription is used up is a 429 with the time of the reset', async () => {
      const server = await serve({ env: SUBSCRIPTION })
      expect((await fetch(`${server.url}/ready`)).status).toBe(200)
      const resetsAt = Math.floor(Date.now() / 1_000) + 3_600
      server.api.answerWith(() => usedUp(resetsAt))
      const response = await askRaw(server, stream)
      const left = resetsAt - Date.now() / 1_000
      const retryAfter = Number(response.headers.get('retry-after'))
      // The clock went on between the answer and now, but not back.
      expect(retryAfter).toBeGreaterThanOrEqual(Math.floor(left))
      expect(retryAfter).toBeLessThanOrEqual(3_600)
      await expectError(response, 429, 'rate_limit_exceeded')
      const ready = await fetch(`${server.url}/ready`)
      expect(ready.status).toBe(503)
      expect(await ready.json()).toMatchObject({
        reasons: ['The subscription has reached its rate limit.'],
      })
      expect(server.api.requests.length).toBe(1)
    })

    test('without a login is a 401 that says how to get one, and is not asked', async () => {
      const server = await serve({ env: { ANTHROPIC_API_KEY: undefined } })
      const response = await askRaw(server, stream)
      expect(await response.clone().text()).toContain('claude auth login')
      await expectError(response, 401, 'not_logged_in')
      expect(server.api.requests.length).toBe(0)
    })
  })
}

test('a used up subscription is ready again when its window starts anew', async () => {
  const server = await serve({ env: SUBSCRIPTION })
  // Long enough that it is not over before the answer is there.
  server.api.answerWith(() => usedUp(Math.floor(Date.now() / 1_000) + 5))
  expect((await askRaw(server, false)).status).toBe(429)
  const ready = async () => (await fetch(`${server.url}/ready`)).status
  expect(await ready()).toBe(503)
  let status = 503
  for (let tries = 0; status === 503 && tries < 100; tries++) {
    await Bun.sleep(200)
    status = await ready()
  }
  expect(status).toBe(200)
})
