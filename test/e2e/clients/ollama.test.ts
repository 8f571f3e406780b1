import { afterAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { AIMessageChunk, HumanMessage, ToolMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOllama } from '@langchain/ollama'
import { type ChatResponse, Ollama, type Message, type Tool } from 'ollama'
import { z } from 'zod'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { call, callsOnce, resultsIn, say } from '../../support/clients/chat.ts'
import { png } from '../../support/inputs/images.ts'
import { conversationOf, systemOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

// Where many share a machine, a worker takes seconds to boot.
setDefaultTimeout(20_000)
const server = await startServer()
afterAll(() => server.stop())

/** The headers of the last answer. */
let headers = new Headers()
const client = new Ollama({
  host: server.url,
  fetch: Object.assign(
    async (...request: Parameters<typeof fetch>) => {
      const response = await fetch(...request)
      headers = response.headers
      return response
    },
    { preconnect: fetch.preconnect },
  ),
})
beforeEach(() => {
  server.api.forget()
  headers = new Headers()
})

const model = 'sonnet:latest'
const GO: Message = { role: 'user', content: 'go' }
const LOOK: Tool = {
  type: 'function',
  function: {
    ...{ name: 'look', description: 'looks' },
    parameters: { type: 'object', properties: { at: { type: 'string' } } },
  },
}
const PLACE = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const ULM = { city: 'Ulm' }
const PNG = png(2, 2)

const lastUpstream = () => {
  const request = server.api.requests.at(-1)
  if (!request) throw new Error('The model was not asked.')
  return request
}
const contentsOf = () => conversationOf(lastUpstream()).map(({ content }) => content)
const text = (words: string) => ({ type: 'text', text: words })

describe('the official client', () => {
  test('chats, and has counts and durations', async () => {
    const messages = [{ role: 'system', content: 'Be brief.' }, GO]
    const options = { num_predict: 99, stop: ['END'], seed: 7 }
    const answer = await client.chat({ model, messages, options })
    expect(answer).toMatchObject({
      message: { role: 'assistant', content: 'pong' },
      ...{ done: true, done_reason: 'stop', load_duration: 0 },
      ...{ prompt_eval_count: 11, eval_count: 7 },
    })
    expect(answer.total_duration).toBeGreaterThanOrEqual(answer.eval_duration)
    expect(headers.get('x-claude-max-api-ignored')).toBe('options.seed')
    expect(systemOf(lastUpstream())).toEqual(['Be brief.'])
    expect(lastUpstream().body).toMatchObject({ max_tokens: 99, stop_sequences: ['END'] })
  })

  test('streams, word by word, with thinking apart', async () => {
    server.api.answerWith(() =>
      messageReply([
        { type: 'thinking', thinking: ['Hm', '.'] },
        { type: 'text', text: ['po', 'ng'] },
      ]),
    )
    const stream = await client.chat({ model, messages: [GO], stream: true, think: 'high' })
    const parts = await Array.fromAsync(stream)
    const join = (of: (part: ChatResponse) => string | undefined) =>
      parts.flatMap((p) => of(p) || [])
    expect(join(({ message }) => message.thinking)).toEqual(['Hm', '.'])
    expect(join(({ message }) => message.content)).toEqual(['po', 'ng'])
    expect(parts.at(-1)).toMatchObject({ done: true, done_reason: 'stop', eval_count: 7 })
    expect(headers.get('content-type')).toBe('application/x-ndjson')
  })

  test('calls tools, and goes on with their results on the worker that waits', async () => {
    server.api.answerWith(
      callsOnce(call('toolu_0', 'look', { at: 'sky' }), call('toolu_1', 'look', { at: 'sea' })),
    )
    const { message } = await client.chat({ model, messages: [GO], tools: [LOOK] })
    expect(message.tool_calls?.map((made) => made.function)).toEqual([
      { name: 'look', arguments: { at: 'sky' } },
      { name: 'look', arguments: { at: 'sea' } },
    ])
    const results = ['blue', 'wet'].map((content): Message => ({
      role: 'tool',
      content,
      tool_name: 'look',
    }))
    const messages = [GO, message, ...results]
    const answer = await client.chat({ model, messages, tools: [LOOK] })
    expect(answer.message.content).toBe('done')
    expect(headers.get('x-claude-max-api-worker')).toBe('unparked')
    expect(resultsIn(lastUpstream())).toMatchObject([
      { tool_use_id: 'toolu_0', content: [text('blue')] },
      { tool_use_id: 'toolu_1', content: [text('wet')] },
    ])
  })

  test('sends images, as bytes', async () => {
    await client.chat({ model, messages: [{ ...GO, images: [new Uint8Array(PNG)] }] })
    const source = { type: 'base64', media_type: 'image/png', data: PNG.toString('base64') }
    expect(contentsOf()).toEqual([[{ type: 'image', source }, text('go')]])
    expect(headers.get('x-claude-max-api-changed')).toBeNull()
  })

  test('gets an answer of the shape it asks for', async () => {
    server.api.answerWith(() => messageReply([call('toolu_json', 'StructuredOutput', ULM)]))
    const { message } = await client.chat({ model, messages: [GO], format: PLACE })
    expect(JSON.parse(message.content)).toEqual(ULM)
  })

  test('generates, with a system prompt, and fills a gap', async () => {
    const { response } = await client.generate({ model, prompt: 'hi', system: 'Be brief.' })
    expect(response).toBe('pong')
    expect(systemOf(lastUpstream())).toEqual(['Be brief.'])
    const stream = await client.generate({ model, prompt: 'a', suffix: 'c', stream: true })
    const parts = await Array.fromAsync(stream)
    expect(parts.map((part) => part.response)).toEqual(['po', 'ng', ''])
    expect(contentsOf()).toEqual([[text('<before>a</before>\n<after>c</after>')]])
  })

  test('lists, shows and loads models without asking the model', async () => {
    const { models } = await client.list()
    expect(models.map(({ name }) => name)).toContain('sonnet:latest')
    expect((await client.show({ model })).capabilities).toContain('tools')
    expect((await client.ps()).models).toEqual([])
    expect((await client.version()).version).toMatch(/^\d/)
    expect(await client.chat({ model })).toMatchObject({ done: true, done_reason: 'load' })
    expect((await fetch(server.url, { method: 'HEAD' })).status).toBe(200)
    expect(server.api.requests).toEqual([])
  })

  test('is told what is wrong, with a status', async () => {
    const error = await client.chat({ model: 'llama3', messages: [GO] }).catch((e: unknown) => e)
    expect(error).toMatchObject({
      status_code: 404,
      error: expect.stringMatching(/^model not found/),
    })
    const refused = await client.embed({ model, input: 'x' }).catch((e: unknown) => e)
    expect(refused).toMatchObject({ status_code: 400 })
  })

  test('is told of an answer that breaks off', async () => {
    const cut = Promise.withResolvers<void>()
    let pieces = 0
    const pace = async () => (pieces++ > 0 ? cut.promise : undefined)
    server.api.answerWith(() => messageReply([{ type: 'text', text: ['po', 'ng'] }], { pace }))
    const stream = await client.chat({ model, messages: [GO], stream: true })
    const parts = stream[Symbol.asyncIterator]()
    expect((await parts.next()).value?.message.content).toBe('po')
    cut.reject(new Error('The scripted model breaks off.'))
    const error = await parts.next().catch((e: unknown) => e)
    expect(error).toMatchObject({ message: expect.stringMatching(/connection/i) })
  })

  test('stops the model when it goes away', async () => {
    const gone = Promise.withResolvers<void>()
    server.api.answerWith((request) => {
      request.signal.addEventListener('abort', () => gone.resolve())
      return messageReply([{ type: 'text', text: ['po', 'ng'] }], { pace: () => gone.promise })
    })
    const stream = await client.chat({ model, messages: [GO], stream: true })
    stream.abort()
    await gone.promise
  })
})

describe("LangChain's client", () => {
  const langchain = new ChatOllama({ model: 'sonnet', baseUrl: server.url, maxRetries: 0 })
  const look = tool(({ at }) => `seen ${at}`, {
    ...{ name: 'look', description: 'looks', schema: z.object({ at: z.string() }) },
  })

  test('calls tools, and goes on with results that name nothing', async () => {
    server.api.answerWith(
      callsOnce(call('toolu_0', 'look', { at: 'sky' }), call('toolu_1', 'look', { at: 'sea' })),
    )
    const bound = langchain.bindTools([look])
    const question = new HumanMessage('go')
    const asked = await bound.invoke([question])
    expect(asked.tool_calls?.map(({ args }) => args)).toEqual([{ at: 'sky' }, { at: 'sea' }])
    const results: ToolMessage[] = []
    for (const made of asked.tool_calls ?? []) {
      results.push(await look.invoke({ ...made, type: 'tool_call' }))
    }
    expect((await bound.invoke([question, asked, ...results])).text).toBe('done')
    expect(resultsIn(lastUpstream()).map(({ content }) => content)).toEqual(
      ['sky', 'sea'].map((at) => [text(`seen ${at}`)]),
    )
  })

  test('streams, and takes structured output', async () => {
    const chunks = await Array.fromAsync(await langchain.stream('go'))
    const whole = chunks.reduce((all, chunk) => all.concat(chunk), new AIMessageChunk(''))
    expect(whole.text).toBe('pong')
    expect(whole).toMatchObject({ usage_metadata: { output_tokens: 7 } })
    server.api.answerWith(() => messageReply([call('toolu_json', 'StructuredOutput', ULM)]))
    const structured = langchain.withStructuredOutput(z.object({ city: z.string() }))
    expect(await structured.invoke('go')).toEqual(ULM)
  })

  test('finds the model that it is to use', async () => {
    const checking = new ChatOllama({ model: 'haiku', baseUrl: server.url, checkOrPullModel: true })
    server.api.answerWith(() => say('here'))
    expect((await checking.invoke('go')).text).toBe('here')
  })
})
