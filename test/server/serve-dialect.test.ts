import { expect, test } from 'bun:test'
import { z } from 'zod'
import { fakeApp, QUESTION, scriptedTurn, START, STOP, text } from '../support/fakes/fake-pool.ts'

const errorOf = async (response: Response) =>
  z.object({ error: z.looseObject({}) }).parse(await response.json()).error

test('what is wrong is said in one order: schema, parameters, model', async () => {
  const { pool, post } = fakeApp()
  const { messages } = QUESTION
  const wrong = { model: 'gpt-4o', logprobs: true, messages: [] }
  expect(await errorOf(await post(wrong))).toMatchObject({ param: 'messages' })
  expect(await errorOf(await post({ ...wrong, messages }))).toMatchObject({ param: 'logprobs' })
  const unknown = { model: 'gpt-4o', messages }
  expect(await errorOf(await post(unknown))).toMatchObject({ code: 'model_not_found' })
  expect(pool.runs).toEqual([])
})

test.each([1, 3])(
  'a client that left before its %d answers are asked for is known to have',
  async (n) => {
    const { pool, post } = fakeApp()
    await post({ ...QUESTION, n }, {}, { signal: AbortSignal.abort() })
    expect(pool.runs.map(({ signal }) => signal.aborted)).toEqual(
      Array.from({ length: n }, () => true),
    )
  },
)

test('a stream is open while the list of models is waited for', async () => {
  const models = Promise.withResolvers<{ models: []; aliases: Record<string, string> }>()
  const { pool, post } = fakeApp({ catalog: () => models.promise })
  const turn = scriptedTurn()
  pool.answerWith(async () => ({ events: turn.events, worker: 'cold', ignored: ['stop'] }))
  const request = { ...QUESTION, model: 'haiku', stream: true, seed: 1 }
  const named = [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'hi' },
        { type: 'text', text: ' ' },
      ],
    },
  ]
  // Resolves when the time for an HTTP status is over: nothing is known yet but the request.
  const response = await post({ ...request, messages: named })
  expect(response.status).toBe(200)
  expect(response.headers.get('x-claude-max-api-ignored')).toBe('seed')
  models.resolve({ models: [], aliases: {} })
  turn.say(START, text('pong'), STOP)
  turn.close()
  const body = await response.text()
  expect(body).toContain(': x-claude-max-api-worker: cold\n')
  expect(body).toContain(': x-claude-max-api-ignored: messages[0].content[1], stop\n')
  expect(body).toContain('pong')
})
