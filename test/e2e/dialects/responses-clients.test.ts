import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { ChatOpenAI } from '@langchain/openai'
import { Agent, run, setDefaultOpenAIClient, setTracingDisabled, tool } from '@openai/agents'
import { zodResponsesFunction } from 'openai/helpers/zod'
import { ResponsesToolRunner, runnerFunction } from 'openai/helpers/responses-tool-runner'
import { z } from 'zod'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { call, callsOnce, resultsIn } from '../../support/clients/chat.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const parameters = z.object({ at: z.string() })
const look = ({ at }: z.infer<typeof parameters>) => `seen ${at}`

/** What the tool returned for both of its calls has reached the model. */
function expectBothResults() {
  const request = server.api.requests.at(-1)
  const results = JSON.stringify(request ? resultsIn(request) : [])
  expect(results).toMatch(/seen toolu_0.*seen toolu_1/)
}

describe('unadapted, in a round of two calls', () => {
  beforeEach(() => server.api.answerWith(callsOnce(call('toolu_0'), call('toolu_1'))))

  test("the SDK's own tool runner", async () => {
    const spec = zodResponsesFunction({ name: 'look', parameters, function: look })
    const runner = new ResponsesToolRunner({ functions: [runnerFunction(spec)] })
    const response = await runner.run(server.client, { model: 'sonnet', input: 'go' })
    expect(response.output_text).toBe('done')
    expectBothResults()
  })

  for (const stream of [false, true]) {
    test(`@openai/agents, ${stream ? 'streaming' : 'plain'}`, async () => {
      setDefaultOpenAIClient(server.client)
      setTracingDisabled(true)
      const execute = look
      const tools = [tool({ name: 'look', description: 'looks', parameters, execute })]
      const agent = new Agent({ name: 'seer', model: 'sonnet', instructions: 'look', tools })
      if (stream) {
        const result = await run(agent, 'go', { stream: true })
        for await (const piece of result.toTextStream()) expect(piece).not.toBe('')
        await result.completed
        expect(result.finalOutput).toBe('done')
      } else {
        const result = await run(agent, 'go')
        expect(result.finalOutput).toBe('done')
      }
      expectBothResults()
    })
  }
})

test('LangChain reads text and thinking, plain and streamed', async () => {
  server.api.answerWith(() =>
    messageReply([
      { type: 'thinking', thinking: 'hm' },
      { type: 'text', text: ['po', 'ng'] },
    ]),
  )
  const model = new ChatOpenAI({
    ...{ model: 'sonnet', apiKey: 'unused', useResponsesApi: true },
    configuration: { baseURL: `${server.url}/v1` },
  })
  const message = await model.invoke('hi')
  expect(message.text).toBe('pong')
  expect(JSON.stringify(message.additional_kwargs)).toContain('hm')
  const pieces: string[] = []
  for await (const chunk of await model.stream('hi')) pieces.push(chunk.text)
  expect(pieces.filter((piece) => piece !== '')).toEqual(['po', 'ng'])
})
