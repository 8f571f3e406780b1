import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  messageReply,
  type ReplyBlock,
  type ReplyOptions,
} from '../../../src/demo/message-stream.ts'
import { ask, type Body, call, refusal } from '../../support/clients/chat.ts'
import { startServer } from '../../support/servers/server.ts'
import { framesOf, readAnswer } from '../../support/clients/sse.ts'
import { within } from '../../support/waiting.ts'

const FIRST_TOKEN_MS = 50

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const go = { role: 'user', content: 'go' } as const
const schema = {
  type: 'object',
  properties: { city: { type: 'string' }, people: { type: 'integer', minimum: 0 } },
  required: ['city', 'people'],
  additionalProperties: false,
}
const format = (strict = true, other: Record<string, unknown> = schema): Body => ({
  response_format: { type: 'json_schema', json_schema: { name: 'place', strict, schema: other } },
})
const ULM = { city: 'Ulm', people: 126_000 }

/** The model submits an answer through the CLI's tool. */
const handIn = (input: object, id = 'toolu_json') => call(id, 'StructuredOutput', input)
const answer = (blocks: ReplyBlock[], options?: ReplyOptions) =>
  server.api.answerWith(async () => {
    // No model answers at once; blocking a second request takes some milliseconds.
    await Bun.sleep(FIRST_TOKEN_MS)
    return messageReply(blocks, options)
  })

async function streamed(body: Body) {
  const request = { model: 'sonnet', stream: true, messages: [go], ...body }
  return server.post('/v1/chat/completions', request)
}

describe('an answer in JSON', () => {
  // However an answer is made, the model is asked once.
  afterEach(() => expect(server.api.requests.length).toBe(1))

  test('is the content', async () => {
    answer([{ type: 'text', text: 'Here you are:' }, handIn(ULM)])
    const { message, finish } = await ask(server, format())
    expect(message.content).toBe(JSON.stringify(ULM))
    expect(message.tool_calls).toBeUndefined()
    expect(finish).toBe('stop')
    expect(server.api.requests[0]?.body.tools?.map((sent) => sent['input_schema'])).toEqual([
      schema,
    ])
  })

  test('is streamed as content while it is written', async () => {
    const first = Promise.withResolvers<void>()
    let pieces = 0
    answer([handIn(ULM)], { pace: () => (pieces++ === 0 ? Promise.resolve() : first.promise) })
    const frames = framesOf(await streamed(format())).getReader()
    let content = ''
    while (content === '') {
      const { value = '' } = await within(frames.read(), 5_000, 'the first half of the JSON')
      content = JSON.parse(value).choices[0].delta.content
    }
    // The other half has not been written yet.
    expect(JSON.stringify(ULM).startsWith(content)).toBe(true)
    expect(content.length).toBeLessThan(JSON.stringify(ULM).length)
    first.resolve()
    const rest: string[] = []
    for (let next = await frames.read(); !next.done; next = await frames.read())
      rest.push(next.value)
    expect(rest.at(-1)).toBe('[DONE]')
    const deltas = rest.slice(0, -1).map((frame) => JSON.parse(frame).choices[0])
    expect(content + deltas.map(({ delta }) => delta.content ?? '').join('')).toBe(
      JSON.stringify(ULM),
    )
    expect(deltas.at(-1).finish_reason).toBe('stop')
  })

  test('may come as plain text', async () => {
    answer([{ type: 'text', text: [' {"city":"Ulm",', '"people":0}\n'] }])
    expect((await ask(server, format())).message.content).toBe(' {"city":"Ulm","people":0}\n')
  })

  test('is one value, even if the model hands in two', async () => {
    answer([handIn(ULM), handIn({ city: 'Bonn' }, 'toolu_json_2')])
    expect((await ask(server, format())).message.content).toBe(JSON.stringify(ULM))
  })

  test('of any shape: json_object', async () => {
    answer([handIn({ any: ['thing'] })])
    const { message } = await ask(server, { response_format: { type: 'json_object' } })
    expect(message.content).toBe('{"any":["thing"]}')
  })

  test('that misses a schema which is not strict is an answer', async () => {
    answer([handIn({ city: 'Ulm' })])
    expect((await ask(server, format(false))).message.content).toBe('{"city":"Ulm"}')
  })

  for (const [what, asked] of [
    ['json_object', { response_format: { type: 'json_object' } }],
    ['a schema that is not strict', format(false)],
  ] as const) {
    test(`may be none: words are an answer to ${what}`, async () => {
      answer([{ type: 'text', text: ['It is ', 'Ulm.'] }])
      const { message, finish } = await ask(server, asked)
      expect([message.content, finish]).toEqual(['It is Ulm.', 'stop'])
    })
  }

  test('may be none in a stream, too', async () => {
    answer([{ type: 'text', text: ['It is ', 'Ulm.'] }])
    expect(await readAnswer(await streamed(format(false)))).toEqual({
      ...{ text: 'It is Ulm.', done: true, finishReasons: ['stop'], errors: [] },
    })
  })

  test('that was cut off is said to be', async () => {
    answer([{ type: 'text', text: '{"city":"U' }], { stopReason: 'max_tokens' })
    const { message, finish } = await ask(server, { ...format(), max_tokens: 5 })
    expect([message.content, finish]).toEqual(['{"city":"U', 'length'])
  })

  test('that the model refused is said to be', async () => {
    answer([{ type: 'text', text: 'I would rather not.' }], { stopReason: 'refusal' })
    const { message, finish } = await ask(server, format())
    expect([message.content, finish]).toEqual(['I would rather not.', 'content_filter'])
  })

  for (const [what, blocks, says] of [
    ['words', [{ type: 'text', text: 'It is Ulm.' }], /not JSON/],
    ['JSON in a fence', [{ type: 'text', text: '```json\n{}\n```' }], /not JSON/],
    ['another shape', [handIn({ city: 'Ulm', people: -1 })], /#\/people/],
    ['another shape as text', [{ type: 'text', text: '{"people":1}' }], /"city"/],
    ['a property too many', [handIn({ ...ULM, river: 'Donau' })], /river/],
  ] as [string, ReplyBlock[], RegExp][]) {
    test(`${what} is an error`, async () => {
      answer(blocks)
      expect(await refusal(ask(server, format()))).toMatchObject({
        ...{ status: 502, code: 'upstream_error', message: expect.stringMatching(says) },
      })
    })

    test(`${what} is an error at the end of a stream`, async () => {
      answer(blocks)
      const { done, errors, finishReasons } = await readAnswer(await streamed(format()))
      expect(done).toBe(false)
      expect(finishReasons).toEqual([])
      expect(errors).toEqual([
        expect.objectContaining({ code: 'upstream_error', message: expect.stringMatching(says) }),
      ])
    })
  }
})

describe('schemas', () => {
  const city = { type: 'object', properties: { city: { type: 'string' } } }
  const node = { anyOf: [{ type: 'null' }, { $ref: '#/$defs/node' }] }
  for (const [what, asked] of [
    ['of 2020', { $schema: 'https://json-schema.org/draft/2020-12/schema', ...city }],
    ['of draft 7', { $schema: 'http://json-schema.org/draft-07/schema#', ...city }],
    ['with a name', { $id: 'https://example.com/city', ...city }],
    ['with keywords of other tools', { ...city, 'x-order': ['city'], example: {} }],
    ['that call themselves', { ...city, $defs: { node } }],
    [
      'with a pattern from Python',
      {
        ...city,
        patternProperties: {},
        properties: { city: { type: 'string', pattern: '^\\w+(\\-\\w+)*$' } },
      },
    ],
    [
      'with a tuple',
      {
        ...city,
        properties: {
          city: { type: 'string' },
          at: { type: 'array', prefixItems: [{ type: 'number' }] },
        },
      },
    ],
  ] as [string, Record<string, unknown>][]) {
    test(`${what} reach the model`, async () => {
      answer([handIn({ city: 'Ulm' })])
      const { message } = await ask(server, format(true, asked))
      expect(message.content).toBe('{"city":"Ulm"}')
      const [offered] = server.api.requests[0]?.body.tools ?? []
      expect(offered).toMatchObject({ input_schema: { properties: { city: { type: 'string' } } } })
    })
  }

  for (const [what, asked] of [
    ['a root that is no object', { type: 'array', items: city }],
    ['a root of several shapes', { anyOf: [city] }],
    ['an unknown type', { type: 'object', properties: { city: { type: 'text' } } }],
    ['a reference to nothing', { type: 'object', properties: { city: { $ref: '#/$defs/city' } } }],
  ] as [string, Record<string, unknown>][]) {
    test(`${what} is the client's mistake, and the model is not asked`, async () => {
      answer([{ type: 'text', text: 'never asked' }])
      expect(await refusal(ask(server, format(true, asked)))).toMatchObject({
        ...{ status: 400, type: 'invalid_request_error' },
        message: expect.stringContaining('schema'),
      })
      expect(server.api.requests.length).toBe(0)
    })
  }
})
