import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BadRequestError, NotFoundError } from 'openai'
import { refusal, say } from '../../support/clients/chat.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

/** Starting servers takes time on a busy machine. */
const START_MS = 30_000

const folder = mkdtempSync(join(tmpdir(), 'responses-e2e-'))
const server = await startServer({ settings: { 'data-dir': join(folder, 'shared') } })
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => server.api.forget())

const { responses } = server.client
const ask = (input: string, previous_response_id: string | null = null) =>
  responses.create({ model: 'sonnet', input, previous_response_id }).withResponse()
const textsIn = (from: typeof server) => {
  const request = from.api.requests.at(-1)
  return JSON.stringify(request && conversationOf(request).map(({ content }) => content))
}

describe('a chain of responses', () => {
  test('goes on with its own worker, turn by turn', async () => {
    const first = await ask('one')
    const second = await ask('two', first.data.id)
    const third = await ask('three', second.data.id)
    const workers = [second, third].map(({ response }) =>
      response.headers.get('x-claude-max-api-worker'),
    )
    expect(workers).toEqual(['resumed', 'resumed'])
    expect(third.data.previous_response_id).toBe(second.data.id)
    expect(textsIn(server)).toMatch(/one.*pong.*two.*pong.*three/)
  })

  test('may fork', async () => {
    const first = await ask('one')
    await ask('left', first.data.id)
    await ask('right', first.data.id)
    expect(textsIn(server)).toMatch(/one.*pong.*right/)
    expect(textsIn(server)).not.toContain('left')
  })

  test(
    'survives a restart',
    async () => {
      const settings = { 'data-dir': join(folder, 'restarted') }
      const before = await startServer({ settings })
      const first = await before.client.responses
        .create({ model: 'sonnet', input: 'one', store: true })
        .finally(() => before.stop())
      const after = await startServer({ settings })
      try {
        const { data, response } = await after.client.responses
          .create({ model: 'sonnet', input: 'two', previous_response_id: first.id })
          .withResponse()
        expect(data.output_text).toBe('pong')
        expect(response.headers.get('x-claude-max-api-worker')).toMatch(/^(warm|cold|rewound)$/)
        expect(textsIn(after)).toMatch(/one.*pong.*two/)
        expect(await after.client.responses.retrieve(first.id)).toMatchObject({ id: first.id })
      } finally {
        await after.stop()
      }
    },
    START_MS,
  )

  test('may be begun here and continued as a chat', async () => {
    const first = await ask('one')
    const { response } = await server.client.chat.completions
      .create({
        model: 'sonnet',
        messages: [
          { role: 'user', content: 'one' },
          { role: 'assistant', content: first.data.output_text },
          { role: 'user', content: 'two' },
        ],
      })
      .withResponse()
    expect(response.headers.get('x-claude-max-api-worker')).toBe('resumed')
  })

  test('from an unknown response is a BadRequestError with its code', async () => {
    const error = await refusal(ask('two', `resp_${'0'.repeat(32)}`))
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({
      ...{ code: 'previous_response_not_found', param: 'previous_response_id' },
    })
    expect(server.api.requests).toEqual([])
  })
})

describe('a stored response', () => {
  test('is retrieved as it was answered', async () => {
    const { data } = await ask('one')
    expect(await responses.retrieve(data.id)).toMatchObject({ ...data })
  })

  test('lists its input items, over all pages', async () => {
    server.api.answerWith(() => say('pong'))
    const input = Array.from({ length: 5 }, (_, n) => ({
      ...{ role: 'user' as const, content: `item ${n}` },
    }))
    const { id } = await responses.create({ model: 'sonnet', input })
    const pages = responses.inputItems.list(id, { order: 'asc', limit: 2 })
    const texts: string[] = []
    for await (const item of pages) texts.push(JSON.stringify(item))
    expect(texts.length).toBe(5)
    expect(texts.join()).toMatch(/item 0.*item 1.*item 2.*item 3.*item 4/)
  })

  test('is gone once deleted', async () => {
    const { data } = await ask('one')
    await responses.delete(data.id)
    for (const gone of [
      responses.retrieve(data.id),
      responses.delete(data.id),
      responses.inputItems.list(data.id),
    ]) {
      expect(await refusal(gone)).toBeInstanceOf(NotFoundError)
    }
    expect(await refusal(ask('two', data.id))).toBeInstanceOf(BadRequestError)
  })
})

describe('where responses are kept', () => {
  test(
    'store: false leaves no file behind',
    async () => {
      const data = join(folder, 'unused')
      const careful = await startServer({ settings: { 'data-dir': data } })
      try {
        const body = { model: 'sonnet', input: 'hi', store: false }
        const { id } = await careful.client.responses.create(body)
        expect(await refusal(careful.client.responses.retrieve(id))).toBeInstanceOf(NotFoundError)
        expect(existsSync(data)).toBe(false)
      } finally {
        await careful.stop()
      }
    },
    START_MS,
  )

  test(
    'the demo writes into its own home',
    async () => {
      const demo = await startServer({ settings: { demo: true } })
      try {
        const { id } = await demo.client.responses.create({ model: 'sonnet', input: 'hi' })
        expect(await demo.client.responses.retrieve(id)).toMatchObject({ id })
        const files = readdirSync(demo.home, { recursive: true }).map(String)
        expect(files.some((file) => file.endsWith('responses.sqlite'))).toBe(true)
      } finally {
        await demo.stop()
      }
    },
    START_MS,
  )
})
