import {
  afterAll,
  afterEach,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from 'bun:test'
import { messageReply } from '../../../src/demo/message-stream.ts'
import {
  answersTo,
  ask,
  call,
  callsOnce,
  type Messages,
  say,
  tool,
} from '../../support/clients/chat.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { allProcesses, workersOf } from '../../support/servers/processes.ts'
import {
  startServer,
  type TestServer,
  type TestServerOptions,
} from '../../support/servers/server.ts'
import { until } from '../../support/waiting.ts'

// On a busy machine a worker takes seconds to start.
setDefaultTimeout(180_000)
const server = await startServer()
const others: TestServer[] = []
afterAll(() => server.stop())
beforeEach(() => server.api.forget())
afterEach(async () => {
  await Promise.all(others.splice(0).map((other) => other.stop()))
})

/** A server of its own for a test that needs other settings, or a second one. */
async function another(settings: TestServerOptions['settings'] = {}): Promise<TestServer> {
  const other = await startServer({ settings })
  others.push(other)
  return other
}

const go = { role: 'user', content: 'go' } as const
const tools = [tool()]
const text = (content: string) => ({ type: 'text', text: content })
const use = (id: string) => ({ type: 'tool_use', id, name: 'look', input: { at: id } })
const result = (id: string, content = `result of ${id}`) => ({
  ...{ tool_use_id: id, type: 'tool_result' },
  content: [text(content)],
})

/** A conversation parked on its calls, and the messages that go on from there. */
async function park(on: TestServer, ids = ['toolu_a']) {
  on.api.answerWith(callsOnce(...ids.map((id) => call(id))))
  const { message } = await ask(on, { tools, messages: [go] })
  const messages: Messages = [go, message, ...answersTo(message)]
  return { message, messages }
}

/** What the model API must get when the results of those calls are in. */
const wholeConversation = (ids = ['toolu_a']) => [
  { role: 'user', content: [text('go')] },
  { role: 'assistant', content: ids.map(use) },
  { role: 'user', content: ids.map((id) => result(id)) },
]

/** Long enough that a CLI which tidied old results away would be seen doing it. */
const output = (id: string) => `${id} `.repeat(800)
const stripped = (id: string) => id.replaceAll('_', '')

const lastConversation = ({ api }: TestServer) => {
  const last = api.requests.at(-1)
  return last && conversationOf(last)
}

describe('a parked worker', () => {
  test('goes on for 30 rounds: one upstream request a round, nothing lost on the way', async () => {
    const rounds = 30
    server.api.answerWith(({ body }) => {
      const round = body.messages.filter(({ role }) => role === 'assistant').length
      return round < rounds ? messageReply([call(`toolu_${round}`)]) : say('done')
    })
    const messages: Messages = [go]
    const upstream: { role: string; content: unknown }[] = [{ role: 'user', content: [text('go')] }]
    const workers: (string | null)[] = []
    for (let round = 0; round < rounds; round++) {
      const { message, worker } = await ask(server, { tools, messages })
      workers.push(worker)
      messages.push(message, ...answersTo(message, output))
      const id = `toolu_${round}`
      upstream.push({ role: 'assistant', content: [use(id)] })
      upstream.push({ role: 'user', content: [result(id, output(id))] })
    }
    const { message, worker } = await ask(server, { tools, messages })
    expect(message.content).toBe('done')
    expect([...workers.slice(1), worker]).toEqual(Array.from({ length: rounds }, () => 'unparked'))
    expect(server.api.requests.map(conversationOf)).toEqual(
      Array.from({ length: rounds + 1 }, (_, round) => upstream.slice(0, 1 + 2 * round)),
    )
  }, 30_000)

  test('takes results under ids that the client rewrote', async () => {
    const { message } = await park(server, ['toolu_a_1', 'toolu_b_2'])
    const tool_calls = (message.tool_calls ?? []).map((made) => ({
      ...made,
      id: stripped(made.id),
    }))
    const messages: Messages = [go, { ...message, tool_calls }, ...answersTo({ tool_calls })]
    const { worker } = await ask(server, { tools, messages })
    expect(worker).toBe('unparked')
    const own = ['toolu_a_1', 'toolu_b_2']
    expect(lastConversation(server)).toEqual([
      ...wholeConversation(own).slice(0, 2),
      { role: 'user', content: own.map((id) => result(id, `result of ${stripped(id)}`)) },
    ])
  })

  test('goes to one of two requests that go on at once; the other gets the same by seeding', async () => {
    const { messages } = await park(server)
    const answers = await Promise.all([0, 1].map(() => ask(server, { tools, messages })))
    expect(answers.map(({ message }) => message.content)).toEqual(['done', 'done'])
    expect(answers.filter(({ worker }) => worker === 'unparked').length).toBe(1)
    expect(server.api.requests.slice(1).map(conversationOf)).toEqual([
      wholeConversation(),
      wholeConversation(),
    ])
  })
})

describe('a worker that is gone costs nothing but time', () => {
  test('two servers: what one began the other finishes', async () => {
    const other = await another()
    other.api.answerWith(callsOnce())
    const { messages } = await park(server, ['toolu_a', 'toolu_b'])
    const there = await ask(other, { tools, messages })
    expect(there.message.content).toBe('done')
    expect(there.worker).not.toBe('unparked')
    const here = await ask(server, { tools, messages })
    expect(here.worker).toBe('unparked')
    expect(lastConversation(other)).toEqual(wholeConversation(['toolu_a', 'toolu_b']))
    expect(lastConversation(other)).toEqual(lastConversation(server))
    const offered = [server, other].map(({ api }) =>
      JSON.stringify(api.requests.at(-1)?.body.tools),
    )
    expect(offered[0]).toBe(offered[1])
  })

  for (const noticed of [true, false]) {
    test(`killed while parked, ${noticed ? 'some time' : 'the moment'} before the results`, async () => {
      const alone = await another({ 'warm-workers': 0 })
      const { messages } = await park(alone)
      const own = workersOf(process.pid).filter(({ environ }) => environ.includes(alone.home))
      expect(own.length).toBe(1)
      for (const { pid } of own) process.kill(pid, 'SIGKILL')
      if (noticed) await until(() => alone.pool.snapshot().parked === 0, 10_000, 'the end is seen')
      const { message } = await ask(alone, { tools, messages })
      expect(message.content).toBe('done')
      expect(alone.api.requests.length).toBe(2)
      expect(lastConversation(alone)).toEqual(wholeConversation())
    })
  }

  test('its time was up', async () => {
    const brief = await another({ 'park-ttl': '100ms', 'warm-workers': 0 })
    const { messages } = await park(brief)
    await until(() => brief.pool.snapshot().alive === 0, 10_000, 'the worker is ended')
    const { message, worker } = await ask(brief, { tools, messages })
    expect(message.content).toBe('done')
    expect(worker).toBe('cold')
    expect(lastConversation(brief)).toEqual(wholeConversation())
    expect(brief.api.requests.length).toBe(2)
  })

  test('evicted for a new conversation, of which there may be more than workers', async () => {
    const small = await another({ 'max-workers': 2, 'warm-workers': 0 })
    const parked = [await park(small, ['toolu_1']), await park(small, ['toolu_2'])]
    expect(small.pool.snapshot()).toMatchObject({ alive: 2, parked: 2 })
    small.api.answerWith(({ body }) => say(body.messages.length > 2 ? 'old' : 'new'))
    for (const content of ['new 1', 'new 2', 'new 3']) {
      const { message } = await ask(small, { messages: [{ role: 'user', content }] })
      expect(message.content).toBe('new')
    }
    // Whoever only might come back goes before whoever is in the midst of a call.
    expect(small.pool.snapshot()).toMatchObject({ alive: 2, parked: 1, idle: 1 })
    const origins: (string | null)[] = []
    for (const { messages } of parked) {
      const { message, worker } = await ask(small, { tools, messages })
      expect(message.content).toBe('old')
      origins.push(worker)
    }
    expect(origins).toEqual(['rewound', 'unparked'])
    expect(small.api.requests.slice(-2).map(conversationOf)).toEqual([
      wholeConversation(['toolu_1']),
      wholeConversation(['toolu_2']),
    ])
    const alive = allProcesses().filter(({ environ }) => environ.includes(small.home))
    expect(alive.length).toBeLessThanOrEqual(2)
  })
})

describe('what a parked worker cannot take is seeded into another', () => {
  test('a user message behind the results', async () => {
    const { messages } = await park(server)
    const { worker } = await ask(server, {
      tools,
      messages: [...messages, { role: 'user', content: [{ type: 'text', text: ' and hurry ' }] }],
    })
    expect(worker).not.toBe('unparked')
    expect(lastConversation(server)).toEqual([
      ...wholeConversation().slice(0, 2),
      { role: 'user', content: [result('toolu_a'), text(' and hurry ')] },
    ])
  })

  test('an edited history', async () => {
    const { messages } = await park(server)
    const edited = messages.with(0, { role: 'user', content: 'stop' })
    const { worker } = await ask(server, { tools, messages: edited })
    expect(worker).not.toBe('unparked')
    expect(lastConversation(server)).toEqual(
      wholeConversation().with(0, { role: 'user', content: [text('stop')] }),
    )
  })

  test('edited arguments of its own call', async () => {
    const { message } = await park(server)
    const made = { id: 'toolu_a', type: 'function' as const }
    const edited = {
      ...message,
      tool_calls: [{ ...made, function: { name: 'look', arguments: '{"at":"x"}' } }],
    }
    const { worker } = await ask(server, { tools, messages: [go, edited, ...answersTo(message)] })
    expect(worker).not.toBe('unparked')
    expect(lastConversation(server)?.[1]).toEqual({
      role: 'assistant',
      content: [{ ...use('toolu_a'), input: { at: 'x' } }],
    })
  })

  test('arguments with an escape that is meant to be read as one', async () => {
    const input = { at: String.raw`/\u00e9[\u0041-Z]/` }
    server.api.answerWith(callsOnce(call('toolu_a', 'look', input)))
    const { message } = await ask(server, { tools, messages: [go] })
    await ask(server, { tools, messages: [go, message, ...answersTo(message)] })
    expect(lastConversation(server)?.[1]).toEqual({
      role: 'assistant',
      content: [{ ...use('toolu_a'), input }],
    })
  })

  for (const [what, changed] of [
    ['other tools', [tool('look', 'now described')]],
    ['one tool more', [tool(), tool('listen')]],
    ['no tools', undefined],
  ] as const) {
    test(what, async () => {
      const { messages } = await park(server)
      const { worker } = await ask(server, { messages, ...(changed && { tools: [...changed] }) })
      expect(worker).not.toBe('unparked')
      expect(lastConversation(server)).toEqual(wholeConversation())
      const offered = server.api.requests.at(-1)?.body.tools?.map(({ name }) => name)
      expect(offered?.toSorted() ?? []).toEqual(
        (changed ?? []).map((one) => one.function.name).toSorted(),
      )
    })
  }

  test('an image as a result, and text with it', async () => {
    const { messages } = await park(server, ['toolu_a', 'toolu_b'])
    const data =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    const content = [
      { type: 'text', text: 'a picture' },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } },
    ]
    const answer = { role: 'tool', tool_call_id: 'toolu_a', content }
    // More than the types of the SDK know.
    const body = {
      model: 'sonnet',
      tools,
      messages: [...messages.slice(0, 2), answer, messages[3]],
    }
    expect((await server.post('/v1/chat/completions', body)).status).toBe(200)
    const source = { type: 'base64', media_type: 'image/png', data }
    expect(lastConversation(server)?.at(-1)?.content).toEqual([
      { ...result('toolu_a'), content: [text('a picture'), { type: 'image', source }] },
      result('toolu_b'),
    ])
  })
})
