import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import type OpenAI from 'openai'
import { zodResponsesFunction } from 'openai/helpers/zod'
import { toResponseInputItems } from 'openai/lib/responses/ResponseInputItems'
import { z } from 'zod'
import { call, callsOnce, resultsIn } from '../../support/clients/chat.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { requireWholeResponse } from '../../support/shapes/responses-order.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

/** A complete image, because the CLI decodes images. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

type Input = OpenAI.Responses.ResponseInput
type Body = Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming>

const parameters = { type: 'object', properties: { at: { type: 'string' } } }
const tools: OpenAI.Responses.FunctionTool[] = ['look', 'go'].map((name) => ({
  ...{ type: 'function', name, parameters, strict: null },
}))

async function ask(body: Body) {
  const { data, response } = await server.client.responses
    .create({ model: 'sonnet', tools, input: 'go', ...body })
    .withResponse()
  const { headers } = response
  return {
    data,
    worker: headers.get('x-claude-max-api-worker'),
    ignored: headers.get('x-claude-max-api-ignored'),
  }
}

const outputsOf = ({ output }: OpenAI.Responses.Response): Input =>
  output.flatMap((item): Input =>
    item.type === 'function_call'
      ? [
          {
            ...{ type: 'function_call_output', call_id: item.call_id },
            output: `result of ${item.call_id}`,
          },
        ]
      : [],
  )
/** As a program does that keeps its history in a file. */
const echo = ({ output }: OpenAI.Responses.Response): Input => JSON.parse(JSON.stringify(output))
const callItem = (id: string) => ({
  ...{ type: 'function_call' as const, call_id: id, name: 'look', arguments: '{}' },
})
const outputItem = (id: string) => ({
  ...{ type: 'function_call_output' as const, call_id: id, output: `of ${id}` },
})
const go: Input = [{ role: 'user', content: 'go' }]
const lastResults = () => {
  const request = server.api.requests.at(-1)
  return request ? resultsIn(request).map(({ tool_use_id }) => tool_use_id) : []
}

describe('a tool loop', () => {
  for (const [way, next] of [
    [
      'by previous_response_id',
      (first: OpenAI.Responses.Response): Body => ({
        ...{ previous_response_id: first.id, input: outputsOf(first) },
      }),
    ],
    [
      'by the echoed output',
      (first: OpenAI.Responses.Response): Body => ({
        ...{ store: false, input: [...go, ...echo(first), ...outputsOf(first)] },
      }),
    ],
    [
      "by the SDK's own words for the output",
      (first: OpenAI.Responses.Response): Body => ({
        input: toResponseInputItems([...go, ...first.output, ...outputsOf(first)]),
      }),
    ],
  ] as const) {
    for (const count of [1, 3]) {
      test(`of ${count} parallel calls goes on ${way} on its own worker`, async () => {
        const ids = Array.from({ length: count }, (_, index) => `toolu_${index}`)
        server.api.answerWith(callsOnce(...ids.map((id) => call(id))))
        const first = await ask({})
        const calls = first.data.output.filter((item) => item.type === 'function_call')
        expect(calls.map(({ call_id }) => call_id)).toEqual(ids)
        const second = await ask(next(first.data))
        expect(second.data.output_text).toBe('done')
        expect(second.worker).toBe('unparked')
        expect(lastResults()).toEqual(ids)
      })
    }
  }

  test('streams its calls as OpenAI streams them', async () => {
    server.api.answerWith(callsOnce(call('toolu_0'), call('toolu_1', 'go')))
    const stream = await server.client.responses.create({
      ...{ model: 'sonnet', tools, input: 'go', stream: true },
    })
    const response = requireWholeResponse(await Array.fromAsync(stream))
    expect(response.output).toMatchObject([
      { type: 'function_call', call_id: 'toolu_0', name: 'look', arguments: '{"at":"toolu_0"}' },
      { type: 'function_call', call_id: 'toolu_1', name: 'go', arguments: '{"at":"toolu_1"}' },
    ])
  })

  test("goes on from the SDK's parsed calls, whose items have keys of the SDK's own", async () => {
    server.api.answerWith(callsOnce(call('toolu_0')))
    const look = zodResponsesFunction({ name: 'look', parameters: z.object({ at: z.string() }) })
    const body = { model: 'sonnet', tools: [look] }
    const runner = server.client.responses.stream({ ...body, input: go })
    const first = await runner.finalResponse()
    expect(first.output).toMatchObject([{ parsed_arguments: { at: 'toolu_0' } }])
    const input = [...go, ...echo(first), ...outputsOf(first)]
    const second = await server.client.responses.parse({ ...body, input })
    expect(second.output_text).toBe('done')
  })

  test('that nobody remembers is seeded, calls next to their results', async () => {
    server.api.answerWith(callsOnce())
    const input: Input = [
      ...go,
      { type: 'reasoning', id: 'rs_1', summary: [] },
      { role: 'assistant', content: 'Let me see.' },
      ...[callItem('a'), callItem('b'), outputItem('b'), outputItem('a')],
      ...[callItem('c'), outputItem('c')],
    ]
    const { worker } = await ask({ input })
    expect(worker).toMatch(/^(warm|cold|rewound)$/)
    const [request] = server.api.requests
    const roles = request ? conversationOf(request).map(({ role }) => role) : []
    expect(roles).toEqual(['user', 'assistant', 'user', 'assistant', 'user'])
    expect(lastResults()).toEqual(['c'])
  })

  test('takes an image as the output of a call', async () => {
    server.api.answerWith(callsOnce(call('toolu_0')))
    const first = await ask({})
    const second = await ask({
      previous_response_id: first.data.id,
      input: [
        {
          ...{ type: 'function_call_output', call_id: 'toolu_0' },
          output: [
            { type: 'input_text', text: 'seen' },
            { type: 'input_image', image_url: `data:image/png;base64,${PNG}` },
          ],
        },
      ],
    })
    expect(second.data.output_text).toBe('done')
    expect(JSON.stringify(server.api.requests.at(-1)?.body.messages.at(-1))).toContain(PNG)
  })
})

describe('tools', () => {
  test('of other types are named as ignored, the rest works', async () => {
    const { ignored } = await ask({ tools: [...tools, { type: 'web_search' }] })
    expect(ignored).toBe('tools[2] (web_search)')
    expect(server.api.requests[0]?.body.tools?.map(({ name }) => name)).toEqual(['go', 'look'])
  })

  test('that are allowed are all that is offered', async () => {
    const tool_choice = {
      ...{ type: 'allowed_tools' as const, mode: 'auto' as const },
      tools: [{ type: 'function', name: 'go' }],
    }
    const { data } = await ask({ tool_choice })
    expect(server.api.requests[0]?.body.tools?.map(({ name }) => name)).toEqual(['go'])
    expect(data.tool_choice).toEqual(tool_choice)
  })

  test('are called one at a time when parallel calls are off', async () => {
    server.api.answerWith(callsOnce(call('toolu_0'), call('toolu_1')))
    const { data } = await ask({ parallel_tool_calls: false })
    expect(data.output.filter(({ type }) => type === 'function_call').length).toBe(1)
  })
})
