import type { Hono } from 'hono'
import type { Conversation, TurnEvent } from '../../../src/conversation/types.ts'
import { createLog } from '../../../src/log.ts'
import { type AppOptions, createApp } from '../../../src/server/app.ts'
import type { ServerEnv, Services } from '../../../src/server/services.ts'

type Run = Services['pool']['run']
type Snapshot = ReturnType<Services['pool']['snapshot']>

/** A turn whose events a test writes one by one; `cancelled` resolves when its reader goes away. */
export function scriptedTurn() {
  const cancelled = Promise.withResolvers<void>()
  let controller: ReadableStreamDefaultController<TurnEvent> | undefined
  const events = new ReadableStream<TurnEvent>(
    {
      start(started) {
        controller = started
      },
      cancel: () => cancelled.resolve(),
    },
    { highWaterMark: 0 },
  )
  return {
    events,
    cancelled: cancelled.promise,
    say: (...said: TurnEvent[]) => {
      for (const event of said) controller?.enqueue(event)
    },
    close: () => controller?.close(),
  }
}

const usage = {
  ...{ uncachedTokens: 2, cachedTokens: 0, cacheCreationTokens: 0 },
  ...{ outputTokens: 1, reasoningTokens: 0 },
}
export const START: TurnEvent = { type: 'start', id: 'msg_1', model: 'claude-x', usage }
export const STOP: TurnEvent = { type: 'stop', reason: 'end', stopSequence: undefined, usage }
export const text = (said: string): TurnEvent => ({ type: 'text', text: said })

const pong: Run = async () => {
  const turn = scriptedTurn()
  turn.say(START, text('pong'), STOP)
  turn.close()
  return { events: turn.events, worker: 'warm', ignored: [] }
}

/** A pool that gives each run to the test. */
function fakePool() {
  const runs: { conversation: Conversation; client: string; signal: AbortSignal }[] = []
  let answer: Run = pong
  const snapshot: Snapshot = {
    ...{
      alive: 1,
      booting: 0,
      ending: 0,
      settling: 0,
      pristine: 1,
      prepared: 0,
      readers: 0,
      queued: 0,
      idle: 0,
      parked: 0,
      bootFailures: 0,
    },
    rateLimit: undefined,
  }
  return {
    runs,
    snapshot: () => snapshot,
    run: ((conversation, caller) => {
      runs.push({ conversation, ...caller })
      return answer(conversation, caller)
    }) satisfies Run,
    answerWith(next: Run) {
      answer = next
    },
    stateIs: (state: Partial<Snapshot>) => void Object.assign(snapshot, state),
  }
}

const MODELS = ['opus', 'sonnet', 'haiku'].map((alias) => ({ alias, id: `claude-${alias}-5-5` }))

/** Nothing is kept; a test of what is brings a store of its own. */
const NO_RESPONSES: Services['responses'] = {
  of: () => ({
    save: () => {},
    find: () => undefined,
    chain: () => undefined,
    delete: () => false,
  }),
}

/** The HTTP surface over a fake pool, on no port at all. */
export function fakeApp(options: Partial<AppOptions> = {}) {
  const pool = fakePool()
  const app: Hono<ServerEnv> = createApp({
    pool,
    catalog: () => Promise.resolve({ models: MODELS, aliases: {} }),
    policy: { strict: false, sampling: 'ignore', reasoning: 'summarized' },
    loggedIn: () => Promise.resolve(true),
    cli: () => ({ version: '2.1.328', selfTest: 'passed', off: [], problem: undefined }),
    responses: NO_RESPONSES,
    apiKeys: [],
    allowOrigins: [],
    keyLimit: 0,
    logBodies: false,
    log: createLog({ level: 'error', format: 'json' }),
    ...options,
  })
  const HOST = { host: 'localhost:3456' }
  return {
    app,
    pool,
    get: (path: string, headers: Record<string, string> = {}) =>
      app.request(path, { headers: { ...HOST, ...headers } }),
    post: (body: unknown, headers: Record<string, string> = {}, init: RequestInit = {}) =>
      app.request('/v1/chat/completions', {
        method: 'POST',
        headers: { ...HOST, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...init,
      }),
  }
}

export const QUESTION = { model: 'sonnet', messages: [{ role: 'user', content: 'hi' }] }
