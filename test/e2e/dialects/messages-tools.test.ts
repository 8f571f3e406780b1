import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type Anthropic from '@anthropic-ai/sdk'
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod'
import { z } from 'zod'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { anthropicClient, textOf } from '../../support/clients/anthropic.ts'
import { call, callsOnce, resultsIn } from '../../support/clients/chat.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())
const { client, checked } = anthropicClient(server)
afterEach(checked)

const look: Anthropic.Tool = {
  ...{ name: 'look', description: 'looks' },
  input_schema: { type: 'object', properties: { at: { type: 'string' } } },
}
const go: Anthropic.MessageParam = { role: 'user', content: 'go' }
const worker = (response: Response) => response.headers.get('x-claude-max-api-worker')

const ask = (body: Partial<Anthropic.MessageCreateParamsNonStreaming> = {}) =>
  client.messages
    .create({ model: 'sonnet', max_tokens: 100, messages: [go], tools: [look], ...body })
    .withResponse()

/** A first turn that calls, and the history that goes on from it with these results. */
async function firstTurn(
  ids: string[],
  answer: (id: string) => Omit<Anthropic.ToolResultBlockParam, 'type' | 'tool_use_id'>,
) {
  server.api.answerWith(callsOnce(...ids.map((id) => call(id))))
  const { data } = await ask()
  const content = data.content.flatMap((block): Anthropic.ToolResultBlockParam[] =>
    block.type === 'tool_use'
      ? [{ type: 'tool_result', tool_use_id: block.id, ...answer(block.id) }]
      : [],
  )
  const messages: Anthropic.MessageParam[] = [
    go,
    { role: 'assistant', content: data.content },
    { role: 'user', content },
  ]
  return { data, messages }
}

const results = (): unknown[] => server.api.requests.slice(-1).flatMap(resultsIn)

describe('client tools', () => {
  for (const count of [1, 3]) {
    test(`${count} parallel calls go out together and their worker goes on`, async () => {
      const ids = Array.from({ length: count }, (_, index) => `toolu_${index}`)
      const { data, messages } = await firstTurn(ids, (id) => ({ content: `result of ${id}` }))
      expect(data.stop_reason).toBe('tool_use')
      expect(data.content).toMatchObject(
        ids.map((id) => ({ type: 'tool_use', id, name: 'look', input: { at: id } })),
      )
      const { data: second, response } = await ask({ messages })
      expect(textOf(second)).toBe('done')
      expect(worker(response)).toBe('unparked')
      expect(results()).toMatchObject(
        ids.map((id) => ({
          ...{ tool_use_id: id, content: [{ type: 'text', text: `result of ${id}` }] },
        })),
      )
      expect(server.api.requests.length).toBe(2)
    })
  }

  test('stream call by call', async () => {
    server.api.answerWith(callsOnce(call('toolu_a'), call('toolu_b')))
    const inputs: unknown[] = []
    const message = await client.messages
      .stream({ model: 'sonnet', max_tokens: 100, messages: [go], tools: [look] })
      .on('contentBlock', (block) => inputs.push(block.type === 'tool_use' && block.input))
      .finalMessage()
    expect(inputs).toEqual([{ at: 'toolu_a' }, { at: 'toolu_b' }])
    expect(message.stop_reason).toBe('tool_use')
  })

  test('a failed call, an image and a document as results are seeded as they are', async () => {
    const contents: Record<string, Omit<Anthropic.ToolResultBlockParam, 'type' | 'tool_use_id'>> = {
      toolu_a: { content: 'no such place', is_error: true },
      toolu_b: { content: [{ type: 'image', source: { type: 'url', url: 'https://x.test/i' } }] },
      toolu_c: {
        content: [
          { type: 'text', text: 'see' },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'words' } },
        ],
      },
    }
    const { messages } = await firstTurn(Object.keys(contents), (id) => contents[id] ?? {})
    const { data, response } = await ask({ messages })
    expect(textOf(data)).toBe('done')
    expect(worker(response)).toMatch(/^(warm|cold|rewound)$/)
    expect(results()).toEqual([
      { type: 'tool_result', tool_use_id: 'toolu_a', ...contents['toolu_a'] },
      { type: 'tool_result', tool_use_id: 'toolu_b', ...contents['toolu_b'] },
      { type: 'tool_result', tool_use_id: 'toolu_c', ...contents['toolu_c'] },
    ])
  })

  test('failed calls keep their worker, and send the bytes of a seeded history', async () => {
    const contents: Record<string, Omit<Anthropic.ToolResultBlockParam, 'type' | 'tool_use_id'>> = {
      toolu_a: { content: 'no such place\n ünï 🦩', is_error: true },
      toolu_b: { content: 'found' },
      toolu_c: { content: [{ type: 'text', text: 'x'.repeat(10_000) }], is_error: true },
    }
    const { messages } = await firstTurn(Object.keys(contents), (id) => contents[id] ?? {})
    const live = await ask({ messages })
    expect(textOf(live.data)).toBe('done')
    expect(worker(live.response)).toBe('unparked')
    const again = await ask({ messages })
    expect(worker(again.response)).toMatch(/^(warm|cold|rewound)$/)
    const [sent, seeded] = server.api.requests
      .slice(-2)
      .map((request) => JSON.stringify(conversationOf(request)))
    expect(seeded).toBe(sent)
    expect(results()).toMatchObject([
      { is_error: true, content: 'no such place\n ünï 🦩' },
      { content: [{ text: 'found' }] },
      { is_error: true, content: 'x'.repeat(10_000) },
    ])
  })

  test('failed calls whose text the CLI would cut are seeded as they are', async () => {
    const contents = [' blank', 'x'.repeat(20_000)].map((text) => [{ type: 'text' as const, text }])
    const ids = ['toolu_0', 'toolu_1']
    const { messages } = await firstTurn(ids, (id) => ({
      ...{ content: contents[ids.indexOf(id)] ?? '', is_error: true },
    }))
    expect(worker((await ask({ messages })).response)).toMatch(/^(warm|cold|rewound)$/)
    expect(results()).toEqual(
      ids.map((id, index) => ({
        ...{ tool_use_id: id, type: 'tool_result', content: contents[index], is_error: true },
      })),
    )
  })

  test('tool_choice is what the API calls it, and tools of others are named', async () => {
    const other = { type: 'web_search_20250305', name: 'web_search' } as const
    const { response } = await ask({
      tools: [look, other],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
    })
    expect(response.headers.get('x-claude-max-api-ignored')).toBe('tools[1] (web_search_20250305)')
    expect(server.api.requests[0]?.body).toMatchObject({
      tools: [look],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
    })
  })

  for (const stream of [false, true]) {
    test(`the SDK's tool runner goes through ${stream ? 'streamed ' : ''}turns to the end`, async () => {
      server.api.answerWith((request) => {
        const done = resultsIn(request).map(({ content }) => JSON.stringify(content))
        if (done.some((content) => content.includes('12'))) {
          return messageReply([{ type: 'text', text: 'It is 12.' }])
        }
        const input = done.length === 0 ? { a: 2, b: 3 } : { a: 6, b: 2 }
        const id = `toolu_${done.length === 0 ? 'first' : 'second'}${stream}`
        return messageReply([{ type: 'tool_use', id, name: 'multiply', input }])
      })
      const multiply = betaZodTool({
        ...{ name: 'multiply', description: 'multiplies' },
        inputSchema: z.object({ a: z.number(), b: z.number() }),
        run: ({ a, b }) => String(a * b),
      })
      // The runner asks for a thread first, and does without one when it is told that there is none.
      const runner = client.beta.messages.toolRunner({
        ...{ model: 'sonnet', max_tokens: 100, stream, tools: [multiply] },
        messages: [{ role: 'user', content: 'what is 2 * 3 * 2?' }],
      })
      const final = await runner.runUntilDone()
      expect(final.content).toMatchObject([{ type: 'text', text: 'It is 12.' }])
      expect(server.api.requests.length).toBe(3)
    })
  }
})
