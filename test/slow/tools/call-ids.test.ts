import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { ask, call, type Messages, say, tool } from '../../support/clients/chat.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

/**
 * The CLI pairs calls with results by their ids, less a number at their ends. Whatever ids a
 * client has, each result must arrive behind its own call.
 */

// On a busy machine a worker takes seconds to start.
const server = await startServer({ settings: { 'max-workers': 4, 'warm-workers': 1 } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const go = { role: 'user', content: 'go' } as const
const tools = [tool()]

/** Ids that were called one after another; those in a list were called at once. */
const ROUNDS: string[][] = [
  ...[['a', 'a_2'], ['b_2', 'b'], ['c'], ['c_1'], ['d_1'], ['d'], ['e_1', 'e_2', 'e', 'e_1_2']],
  ...[['same'], ['same'], ['twin', 'twin'], ['call.1', 'call_1', 'call'], ['fine_1', 'fine_2']],
]

/** Each call says what its result must be. */
const CALLS = ROUNDS.flatMap((ids, round) =>
  ids.map((id, place) => ({ id, round, tag: `${round}.${place} ${id}` })),
)
const callsOf = (round: number) => CALLS.filter((one) => one.round === round)

const chatHistory: Messages = ROUNDS.flatMap((_, round): Messages => {
  const calls = callsOf(round)
  return [
    {
      ...{ role: 'assistant', content: null },
      tool_calls: calls.map(({ id, tag }) => ({
        ...{ id, type: 'function' },
        function: { name: 'look', arguments: JSON.stringify({ tag }) },
      })),
    },
    ...calls.map(({ id, tag }) => ({ role: 'tool', tool_call_id: id, content: tag }) as const),
  ]
})

const Blocks = z.array(
  z.object({
    id: z.string().optional(),
    tool_use_id: z.string().optional(),
    input: z.object({ tag: z.string() }).optional(),
    content: z.array(z.object({ text: z.string() })).optional(),
    type: z.string(),
  }),
)

/** What arrived, as each call's tag and that of its result, and the ids. */
function arrived({ api } = server) {
  const [request] = api.requests.slice(-1)
  const blocks = (request ? conversationOf(request) : []).flatMap(({ content }) =>
    Blocks.parse(content),
  )
  const uses = blocks.filter(({ type }) => type === 'tool_use')
  const results = new Map(
    blocks.map(({ tool_use_id, content }) => [tool_use_id, content?.[0]?.text]),
  )
  return {
    pairs: uses.map(({ id, input }) => [input?.tag, results.get(id)]),
    ids: uses.map(({ id = '' }) => id),
  }
}

function expectWhole(tags: readonly string[], at = server): void {
  const { pairs, ids } = arrived(at)
  expect(pairs).toEqual(tags.map((tag) => [tag, tag]))
  expect(new Set(ids).size).toBe(tags.length)
  expect(ids.filter((id) => !/^[A-Za-z0-9_-]+$/.test(id))).toEqual([])
}

const TAGS = CALLS.map(({ tag }) => tag)

describe('every result arrives behind its call', () => {
  test('in chat completions, and what could stay as it is stays', async () => {
    await ask(server, { tools, messages: [go, ...chatHistory] })
    expectWhole(TAGS)
    expect(arrived().ids).toEqual(expect.arrayContaining(['a', 'b_2', 'e_1', 'fine_1', 'fine_2']))
  })

  test('in legacy functions, whose names are all there is', async () => {
    const names = ['look', 'look_2', 'look', 'look_2']
    const messages = names.flatMap((name, n): Messages => [
      {
        ...{ role: 'assistant', content: null },
        function_call: { name, arguments: JSON.stringify({ tag: `${n}` }) },
      },
      { role: 'function', name, content: `${n}` },
    ])
    const functions = [{ name: 'look', parameters: { type: 'object', properties: {} } }]
    await ask(server, { functions, messages: [go, ...messages] })
    expectWhole(['0', '1', '2', '3'])
  })

  test('in responses', async () => {
    // Two calls of one id in a row are refused there.
    const calls = CALLS.filter(({ id }) => id !== 'twin')
    const rounds = Map.groupBy(calls, ({ round }) => round).values()
    const input = [...rounds].flatMap((round) => [
      ...round.map(({ id, tag }) => ({
        ...{ type: 'function_call', call_id: id, name: 'look' },
        arguments: JSON.stringify({ tag }),
      })),
      ...round.map(({ id, tag }) => ({ type: 'function_call_output', call_id: id, output: tag })),
    ])
    const body = {
      ...{ model: 'sonnet', input: [go, ...input] },
      tools: tools.map(({ function: spec }) => ({ type: 'function', strict: false, ...spec })),
    }
    expect((await server.post('/v1/responses', body)).status).toBe(200)
    expectWhole(calls.map(({ tag }) => tag))
  })

  test('in messages, which refuse an id that comes twice', async () => {
    const seen = new Set<string>()
    const rounds = ROUNDS.map((_, round) =>
      callsOf(round).filter(({ id }) => /^[\w-]+$/.test(id) && !seen.has(id) && seen.add(id)),
    ).filter((round) => round.length > 0)
    const messages = rounds.flatMap((round) => [
      {
        role: 'assistant',
        content: round.map(({ id, tag }) => ({
          ...{ type: 'tool_use', id, name: 'look', input: { tag } },
        })),
      },
      {
        role: 'user',
        content: round.map(({ id, tag }) => ({
          ...{ type: 'tool_result', tool_use_id: id, content: tag },
        })),
      },
    ])
    const body = {
      ...{ model: 'sonnet', max_tokens: 99, messages: [go, ...messages] },
      tools: [{ name: 'look', input_schema: { type: 'object', properties: {} } }],
    }
    expect((await server.post('/v1/messages', body)).status).toBe(200)
    expectWhole(rounds.flat().map(({ tag }) => tag))
    const twice = [go, ...messages, ...messages.slice(0, 2)]
    const refused = await server.post('/v1/messages', { ...body, messages: twice })
    expect(refused.status).toBe(400)
  })
})

/** The model makes these calls, round by round. */
async function talk(rounds: string[][]) {
  const messages: Messages = [go]
  const workers: (string | null)[] = []
  server.api.answerWith((request) => {
    const round = request.body.messages.filter(({ role }) => role === 'assistant').length
    const ids = rounds[round]
    return ids
      ? messageReply(ids.map((id, n) => call(id, 'look', { tag: `${round}.${n}` })))
      : say('done')
  })
  for (const [round, ids] of rounds.entries()) {
    const { message, worker } = await ask(server, { tools, messages })
    workers.push(worker)
    // The client gets the model's own ids.
    expect(message.tool_calls?.map(({ id }) => id)).toEqual(ids)
    const results = ids.map(
      (id, n) => ({ role: 'tool', tool_call_id: id, content: `${round}.${n}` }) as const,
    )
    messages.push(message, ...results)
  }
  workers.push((await ask(server, { tools, messages })).worker)
  expectWhole(rounds.flatMap((ids, round) => ids.map((_, n) => `${round}.${n}`)))
  expect(server.api.requests.length).toBe(rounds.length + 1)
  return workers.slice(1).map((worker) => worker === 'unparked')
}

describe('ids that the model gives by itself', () => {
  test('that the CLI tells apart keep their worker', async () => {
    expect(await talk([['call_1'], ['call_2', 'call_3'], ['toolu_x']])).toEqual([true, true, true])
  })

  test('that it would mix up have their history seeded anew', async () => {
    expect(await talk([['call_1'], ['call'], ['call_2']])).toEqual([true, false, true])
    server.api.forget()
    expect(await talk([['pick', 'pick_1'], ['other']])).toEqual([false, true])
  })

  test('twice at once', async () => {
    expect(await talk([['twin', 'twin']])).toEqual([false])
  })
})
