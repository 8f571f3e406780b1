import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import {
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from 'openai'
import type OpenAI from 'openai'
import { zodTextFormat } from 'openai/helpers/zod'
import { z } from 'zod'
import { messageReply, messageStart, sseReply } from '../../../src/demo/message-stream.ts'
import { errorReply } from '../../../src/demo/model-api.ts'
import { refusal, say } from '../../support/clients/chat.ts'
import { conversationOf, systemOf } from '../../support/servers/model-api.ts'
import { parseEvent, parseResponse } from '../../support/shapes/responses-events.ts'
import { requireWholeResponse } from '../../support/shapes/responses-order.ts'
import { startServer } from '../../support/servers/server.ts'
import { aborted, within } from '../../support/waiting.ts'

const GONE_MS = 10_000
/** A complete image, because the CLI decodes images. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const { responses } = server.client
const question = { model: 'sonnet', input: 'hi' }
const usage = {
  ...{ input_tokens: 10, cache_read_input_tokens: 200, cache_creation_input_tokens: 30 },
  ...{ output_tokens: 17, output_tokens_details: { thinking_tokens: 5 } },
}
const usageSeen = {
  ...{ input_tokens: 240, output_tokens: 17, total_tokens: 257 },
  input_tokens_details: { cached_tokens: 200, cache_write_tokens: 30 },
  output_tokens_details: { reasoning_tokens: 5 },
}

type Body = Partial<OpenAI.Responses.ResponseCreateParamsStreaming>

/** All events of a streamed response, each held to the SDK's types. */
async function streamed(body: Body = {}) {
  const events: unknown[] = []
  for await (const event of await responses.create({ ...question, ...body, stream: true })) {
    parseEvent(event)
    events.push(event)
  }
  return events
}

describe('the official SDK', () => {
  test('reads a plain response', async () => {
    server.api.answerWith(() =>
      messageReply([{ type: 'text', text: ['Hel', 'lo'] }], { model: 'claude-x', usage }),
    )
    const { data, response } = await responses
      .create({ ...question, instructions: 'be brief', metadata: { a: 'b' } })
      .withResponse()
    parseResponse(
      await responses
        .retrieve(data.id)
        .asResponse()
        .then((raw) => raw.json()),
    )
    expect(data).toMatchObject({
      ...{ object: 'response', status: 'completed', model: 'claude-x', output_text: 'Hello' },
      ...{ metadata: { a: 'b' }, usage: usageSeen },
    })
    expect(Math.abs(data.created_at - Date.now() / 1000)).toBeLessThan(60)
    expect(response.headers.get('x-claude-max-api-worker')).toMatch(/^(warm|cold|rewound)$/)
    const [request] = server.api.requests
    expect(request && systemOf(request)).toEqual(['be brief'])
  })

  test('reads a stream, event by event, in order and whole', async () => {
    server.api.answerWith(() =>
      messageReply(
        [
          { type: 'thinking', thinking: ['hm', 'm'] },
          { type: 'text', text: ['Hel', 'lo'] },
        ],
        { usage },
      ),
    )
    const response = requireWholeResponse(await streamed())
    expect(response).toMatchObject({
      ...{ status: 'completed', output_text: 'Hello', usage: usageSeen },
      output: [{ type: 'reasoning', summary: [{ text: 'hmm' }] }, { type: 'message' }],
    })
  })

  test('puts a stream together with its .stream() helper', async () => {
    const runner = responses.stream(question)
    const deltas: string[] = []
    runner.on('response.output_text.delta', ({ delta }) => deltas.push(delta))
    const response = await runner.finalResponse()
    expect(deltas).toEqual(['po', 'ng'])
    expect(response).toMatchObject({ output_text: 'pong', status: 'completed' })
  })

  test('parses structured output, plain and streamed', async () => {
    server.api.answerWith(() =>
      messageReply([
        { type: 'tool_use', id: 'toolu_s', name: 'StructuredOutput', input: { day: 'Monday' } },
      ]),
    )
    const format = zodTextFormat(z.object({ day: z.string() }), 'event')
    const parsed = await responses.parse({ ...question, text: { format } })
    expect(parsed.output_parsed).toEqual({ day: 'Monday' })
    const runner = responses.stream({ ...question, text: { format } })
    expect((await runner.finalResponse()).output_parsed).toEqual({ day: 'Monday' })
    expect(requireWholeResponse(await streamed({ text: { format } }))).toMatchObject({
      ...{
        output_text: '{"day":"Monday"}',
        text: { format: { type: 'json_schema', name: 'event' } },
      },
    })
  })

  test('sends images, files and a history, which arrive as they are', async () => {
    const image_url = `data:image/png;base64,${PNG}`
    const file_data = `data:text/plain;base64,${btoa('the file')}`
    await responses.create({
      model: 'sonnet',
      input: [
        { role: 'developer', content: 'be brief' },
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'hello' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'look' },
            { type: 'input_image', image_url, detail: 'auto' },
            { type: 'input_file', file_data, filename: 'a.txt' },
          ],
        },
      ],
    })
    const [request] = server.api.requests
    if (!request) throw new Error('The model was not asked.')
    expect(systemOf(request)).toEqual(['be brief'])
    const [first, second, third] = conversationOf(request)
    expect(JSON.stringify([first, second])).toContain('hello')
    expect(third?.content).toMatchObject([
      { type: 'text', text: 'look' },
      { type: 'image', source: { media_type: 'image/png', data: PNG } },
      { type: 'document', source: { data: 'the file' }, title: 'a.txt' },
    ])
  })
})

describe('an answer that is cut off', () => {
  const stops: [string, string, object][] = [
    ['by its length', 'max_tokens', { reason: 'max_output_tokens' }],
    ['by a refusal', 'refusal', { reason: 'content_filter' }],
  ]
  for (const [name, stopReason, details] of stops) {
    test(`${name} is incomplete, plain and streamed`, async () => {
      server.api.answerWith(() => say('lon', { stopReason }))
      const expected = { status: 'incomplete', incomplete_details: details, output_text: 'lon' }
      expect(await responses.create({ ...question, max_output_tokens: 3 })).toMatchObject(expected)
      expect(requireWholeResponse(await streamed())).toMatchObject(expected)
    })
  }
})

describe('a failure before the first event is an error that a program can catch by type', () => {
  const failures: [string, number, abstract new (...args: never[]) => Error][] = [
    ['invalid_request_error', 400, BadRequestError],
    ['authentication_error', 401, AuthenticationError],
    ['not_found_error', 404, NotFoundError],
    ['rate_limit_error', 429, RateLimitError],
    ['overloaded_error', 529, InternalServerError],
  ]
  for (const [type, status, expected] of failures) {
    test(`${status} of the model API, plain and streaming`, async () => {
      server.api.answerWith(() => errorReply(status, type, 'the reason'))
      for (const stream of [false, true]) {
        expect(await refusal(responses.create({ ...question, stream }))).toBeInstanceOf(expected)
      }
    })
  }

  test('an answer that misses a strict schema', async () => {
    server.api.answerWith(() => say('no JSON'))
    const format = zodTextFormat(z.object({ day: z.string() }), 'event')
    const error = await refusal(responses.parse({ ...question, text: { format } }))
    expect(error).toMatchObject({ status: 502 })
  })
})

test('an answer that breaks off ends with response.failed, not with a dropped socket', async () => {
  server.api.answerWith(() =>
    sseReply(
      (async function* () {
        yield messageStart()
      })(),
    ),
  )
  const response = requireWholeResponse(await streamed())
  expect(response).toMatchObject({ status: 'failed', error: { code: 'server_error' } })
  expect(await responses.retrieve(response.id)).toMatchObject({ status: 'failed' })
  expect(await refusal(responses.create(question))).toBeInstanceOf(APIError)
})

describe('an abort', () => {
  for (const stream of [false, true]) {
    test(`${stream ? 'of a stream' : 'of a plain request'} ends the model's request`, async () => {
      const asked = Promise.withResolvers<AbortSignal>()
      const never = Promise.withResolvers<Response>()
      server.api.answerWith(({ signal }) => {
        asked.resolve(signal)
        return never.promise
      })
      const controller = new AbortController()
      const answer = refusal(
        responses.create({ ...question, stream }, { signal: controller.signal }),
      )
      const signal = await within(asked.promise, GONE_MS, 'the request to the model')
      controller.abort()
      expect(await answer).toBeInstanceOf(APIUserAbortError)
      await within(aborted(signal), GONE_MS, "the end of the model's request")
      never.resolve(new Response())
    })
  }
})
