import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from 'openai'
import { z } from 'zod'
import { messageReply, messageStart, sseReply } from '../../../src/demo/message-stream.ts'
import { errorReply } from '../../../src/demo/model-api.ts'
import { refusal } from '../../support/clients/chat.ts'
import { textClient } from '../../support/shapes/completions-events.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'
import { aborted, within } from '../../support/waiting.ts'

const GONE_MS = 10_000

const server = await startServer({ settings: { 'max-workers': 2 } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())
// Checks errors, and the frames before them, against the SDK's types.
const { client, checked } = textClient(server)
afterEach(checked)
const { completions } = client
const question = { model: 'sonnet', prompt: 'Once' }

type Case = [number, string, number, string | null, abstract new (...args: never[]) => Error]
const cases: Case[] = [
  [400, 'invalid_request_error', 400, null, BadRequestError],
  [401, 'authentication_error', 401, 'invalid_api_key', AuthenticationError],
  [404, 'not_found_error', 404, 'model_not_found', NotFoundError],
  [429, 'rate_limit_error', 429, 'rate_limit_exceeded', RateLimitError],
  [500, 'api_error', 502, 'upstream_error', InternalServerError],
  [529, 'overloaded_error', 503, 'overloaded', InternalServerError],
]

/** What came of a stream until its error; `onText` is told of the texts of all choices so far. */
async function brokenStream(prompt: string[], onText: (texts: readonly string[]) => void) {
  const texts = prompt.map(() => '')
  const stream = await completions.create({ ...question, prompt, stream: true })
  const read = async () => {
    for await (const { choices } of stream) {
      for (const { index, text } of choices) texts[index] += text
      onText(texts)
    }
  }
  return { error: await refusal(read()), texts }
}

for (const stream of [false, true]) {
  describe(`${stream ? 'streaming' : 'plain'}: an error before the first byte`, () => {
    for (const [upstream, type, status, code, Class] of cases) {
      test(`${upstream} of the model API is a ${status}, the SDK's ${Class.name}`, async () => {
        server.api.answerWith(() => errorReply(upstream, type, 'because'))
        const error = await refusal(completions.create({ ...question, stream }))
        expect(error).toBeInstanceOf(Class)
        expect(error).toMatchObject({ status, code, param: null })
      })
    }

    test('an unknown model is a 404 that lists the known ones', async () => {
      const error = await refusal(completions.create({ ...question, model: 'davinci', stream }))
      expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
      expect(String(error)).toContain('sonnet')
      expect(server.api.requests).toEqual([])
    })
  })
}

type Rest = () => AsyncGenerator<{ type: string }>
const endings: Record<string, { status: number; code: string; rest: Rest }> = {
  'the end of the connection': {
    ...{ status: 502, code: 'upstream_error' },
    rest: async function* () {},
  },
  'an error event': {
    ...{ status: 503, code: 'overloaded' },
    rest: async function* () {
      const error = { type: 'overloaded_error', message: 'Overloaded' }
      yield { type: 'error', ...{ error } }
    },
  },
}

/** `hel`, and then that, once it is time. */
const breaksOff = (rest: Rest, time: Promise<void>) =>
  sseReply(
    (async function* () {
      yield messageStart()
      yield { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
      yield { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hel' } }
      await time
      yield* rest()
    })(),
  )

describe('an answer that breaks off after its first word', () => {
  for (const [name, { status, code, rest }] of Object.entries(endings)) {
    test(`by ${name} is an error frame without an end, after one request`, async () => {
      const seen = Promise.withResolvers<void>()
      server.api.answerWith(() => breaksOff(rest, seen.promise))
      const { texts, error } = await brokenStream(['Once'], () => seen.resolve())
      expect(texts).toEqual(['hel'])
      expect(error).toBeInstanceOf(APIError)
      expect(error).toMatchObject({ code, type: 'server_error' })
      expect(server.api.requests.length).toBe(1)
    })

    test(`by ${name} is a plain request's ${status}: never a short text`, async () => {
      server.api.answerWith(() => breaksOff(rest, Promise.resolve()))
      expect(await refusal(completions.create(question))).toMatchObject({ status, code })
      expect(server.api.requests.length).toBe(1)
    })
  }
})

const Prompt = z.tuple([z.tuple([z.object({ text: z.string() })])])

/**
 * The model fails the prompt `bad` in that way, once it was asked for the other one as well; to
 * that it says `word`, or nothing, and then no more. Nobody but us can end the other's request.
 */
function failsOne(fail: () => Response | Promise<Response>, words: 0 | 1) {
  const other = Promise.withResolvers<AbortSignal>()
  server.api.answerWith(async (request) => {
    const [[{ text }]] = Prompt.parse(conversationOf(request).map(({ content }) => content))
    const { signal } = request
    if (text === 'bad') return other.promise.then(fail)
    other.resolve(signal)
    if (words === 0) await aborted(signal)
    let written = 0
    const pace = async () => (written++ < words ? undefined : aborted(signal))
    return messageReply([{ type: 'text', text: ['word', ' more'] }], { pace })
  })
  return {
    requireOtherGone: async () =>
      within(aborted(await other.promise), GONE_MS, "the end of the other's request"),
  }
}

const tooMany = () => errorReply(429, 'rate_limit_error', 'slow down')
const prompt = ['bad', 'good']

describe('one prompt of several that fails takes the others with it', () => {
  for (const stream of [false, true]) {
    test(`as a status, if nothing was said yet, ${stream ? 'streaming' : 'plain'}`, async () => {
      const { requireOtherGone } = failsOne(tooMany, 0)
      const error = await refusal(completions.create({ ...question, prompt, stream }))
      expect(error).toBeInstanceOf(RateLimitError)
      expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
      await requireOtherGone()
    })
  }

  test('as an error frame, if another one has begun its text', async () => {
    const begun = Promise.withResolvers<void>()
    const { requireOtherGone } = failsOne(() => begun.promise.then(tooMany), 1)
    const { texts, error } = await brokenStream(prompt, () => begun.resolve())
    expect(texts).toEqual(['', 'word'])
    expect(error).toMatchObject({ code: 'rate_limit_exceeded' })
    await requireOtherGone()
  })

  for (const [name, { status, code, rest }] of Object.entries(endings)) {
    test(`as an error frame, if it breaks off by ${name} while another one writes`, async () => {
      const both = Promise.withResolvers<void>()
      const { requireOtherGone } = failsOne(() => breaksOff(rest, both.promise), 1)
      const { texts, error } = await brokenStream(prompt, (so) => {
        if (so.every((text) => text !== '')) both.resolve()
      })
      expect(texts).toEqual(['hel', 'word'])
      expect(error).toMatchObject({ code })
      await requireOtherGone()
    })

    test(`as a plain request's ${status}, if it breaks off by ${name} while another one writes`, async () => {
      const { requireOtherGone } = failsOne(() => breaksOff(rest, Promise.resolve()), 1)
      const error = await refusal(completions.create({ ...question, prompt }))
      expect(error).toMatchObject({ status, code })
      await requireOtherGone()
    })
  }
})
