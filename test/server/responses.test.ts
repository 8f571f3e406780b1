import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TurnEvent } from '../../src/conversation/types.ts'
import { TurnError } from '../../src/errors.ts'
import { ResponseStore } from '../../src/ledger/response-store.ts'
import { createLog } from '../../src/log.ts'
import { fakeApp, scriptedTurn, START, STOP, text } from '../support/fakes/fake-pool.ts'
import { parseResponse } from '../support/shapes/responses-events.ts'
import { framesOf } from '../support/clients/sse.ts'

const folder = mkdtempSync(join(tmpdir(), 'responses-route-'))
const log = createLog({ level: 'error', format: 'json' })
const store = new ResponseStore({ folder, retentionMs: 60_000, log })
const { app, pool, get } = fakeApp({ responses: store })
afterAll(() => {
  store.close()
  rmSync(folder, { recursive: true, force: true })
})

const headers = { host: 'localhost:3456', 'content-type': 'application/json' }
const ask = (body: object) =>
  app.request('/v1/responses', {
    ...{ method: 'POST', headers },
    body: JSON.stringify({ model: 'sonnet', input: 'hi', ...body }),
  })
const remove = (id: string) => app.request(`/v1/responses/${id}`, { method: 'DELETE', headers })
const answerWith = (...events: TurnEvent[]) =>
  pool.answerWith(async () => {
    const turn = scriptedTurn()
    turn.say(...events)
    turn.close()
    return { events: turn.events, worker: 'warm', ignored: ['reasoning_effort'] }
  })
const asked = (words: string) => ({ role: 'user', content: [{ type: 'text', text: words }] })
const idOf = async (response: Response) => parseResponse(await response.json()).id
const errorOf = async (response: Response) => ({
  status: response.status,
  ...Object(await response.json()).error,
})

describe('POST /v1/responses', () => {
  test('names its events, says who answered, and sends no [DONE]', async () => {
    answerWith(START, text('pong'), STOP)
    const response = await ask({ stream: true, truncation: 'auto' })
    expect(response.headers.get('content-type')).toStartWith('text/event-stream')
    expect(response.headers.get('x-claude-max-api-worker')).toBe('warm')
    expect(response.headers.get('x-claude-max-api-ignored')).toBe('truncation, reasoning_effort')
    const frames = (await response.text()).split('\n\n').filter((frame) => frame !== '')
    expect(frames.length).toBe(9)
    for (const frame of frames) {
      const [event = '', data = '', ...rest] = frame.split('\n')
      expect(rest).toEqual([])
      const { type } = JSON.parse(data.replace(/^data: /, ''))
      expect(event).toBe(`event: ${type}`)
    }
  })

  test('has stored the response before its last event is out', async () => {
    const turn = scriptedTurn()
    pool.answerWith(() => Promise.resolve({ events: turn.events, worker: 'warm', ignored: [] }))
    turn.say(START)
    const frames = framesOf(await ask({ stream: true })).getReader()
    const created = JSON.parse((await frames.read()).value ?? '')
    const path = `/v1/responses/${created.response.id}`
    expect((await get(path)).status).toBe(404)
    turn.say(STOP)
    let last = created
    while (!last.type.endsWith('completed')) last = JSON.parse((await frames.read()).value ?? '')
    expect(await (await get(path)).json()).toEqual(last.response)
    await frames.cancel()
  })

  test('keeps nothing when it is told not to', async () => {
    answerWith(START, text('pong'), STOP)
    for (const stream of [false, true]) {
      const response = await ask({ store: false, stream })
      const [, id = ''] = /(resp_[0-9a-f]{32})/.exec(await response.text()) ?? []
      expect((await get(`/v1/responses/${id}`)).status).toBe(404)
    }
  })

  test('a client that goes away ends the turn, and nothing is kept', async () => {
    const turn = scriptedTurn()
    pool.answerWith(() => Promise.resolve({ events: turn.events, worker: 'warm', ignored: [] }))
    turn.say(START, text('po'))
    const frames = framesOf(await ask({ stream: true })).getReader()
    const created = JSON.parse((await frames.read()).value ?? '')
    await frames.cancel()
    await turn.cancelled
    expect((await get(`/v1/responses/${created.response.id}`)).status).toBe(404)
  })

  test('goes on from a stored response, whose instructions do not carry over', async () => {
    answerWith(START, text('pong'), STOP)
    const first = await idOf(await ask({ instructions: 'be brief' }))
    const second = await idOf(await ask({ input: 'and?', previous_response_id: first }))
    await ask({ input: 'so?', previous_response_id: second, instructions: 'be long' })
    const said = { role: 'assistant', content: [{ type: 'text', text: 'pong' }] }
    expect(pool.runs.at(-1)?.conversation).toMatchObject({
      system: 'be long',
      messages: [asked('hi'), said, asked('and?'), said, asked('so?')],
    })
  })

  test('goes on from a response that failed or was cut off', async () => {
    answerWith(START, text('po'), { type: 'error', error: new TurnError('upstream', 'broke') })
    const streamed = await (await ask({ stream: true })).text()
    const [, id = ''] = /(resp_[0-9a-f]{32})/.exec(streamed) ?? []
    answerWith(START, text('pong'), STOP)
    expect((await ask({ previous_response_id: id })).status).toBe(200)
    expect(pool.runs.at(-1)?.conversation.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: [{ text: 'po' }] },
      { role: 'user' },
    ])
  })

  test('takes a reference to an item for the item', async () => {
    answerWith(START, text('pong'), STOP)
    const { output } = parseResponse(await (await ask({})).json())
    const input = [
      { role: 'user', content: 'hi' },
      { type: 'item_reference', id: output[0]?.id },
      { role: 'user', content: 'and?' },
    ]
    expect((await ask({ input })).status).toBe(200)
    expect(pool.runs.at(-1)?.conversation.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: [{ text: 'pong' }] },
      { role: 'user' },
    ])
  })

  const refusals: [string, object, object][] = [
    [
      'an unknown previous response',
      { previous_response_id: 'resp_x' },
      {
        ...{ status: 400, code: 'previous_response_not_found', param: 'previous_response_id' },
        message: "Previous response with id 'resp_x' not found.",
      },
    ],
    [
      'an unknown item',
      { input: [{ type: 'item_reference', id: 'msg_x' }] },
      { status: 404, code: null, param: 'input' },
    ],
    ['a background answer', { background: true }, { status: 400, param: 'background' }],
    ['a prompt template', { prompt: { id: 'p' } }, { status: 400, param: 'prompt' }],
    ['a conversation', { conversation: 'c' }, { status: 400, param: 'conversation' }],
    ['an unknown model', { model: 'gpt-4o' }, { status: 404, code: 'model_not_found' }],
  ]
  for (const [name, body, error] of refusals) {
    test(`refuses ${name} before anything runs`, async () => {
      const before = pool.runs.length
      expect(await errorOf(await ask(body))).toMatchObject(error)
      expect(pool.runs.length).toBe(before)
    })
  }
})

describe('a stored response', () => {
  test('is listed with its input, page by page', async () => {
    answerWith(START, text('pong'), STOP)
    const input = ['a', 'b', 'c'].map((content) => ({ role: 'user', content }))
    const id = await idOf(await ask({ input }))
    const response = await get(`/v1/responses/${id}/input_items?limit=2&order=asc`)
    expect(await response.json()).toMatchObject({
      data: [{ content: [{ text: 'a' }] }, { content: [{ text: 'b' }] }],
      has_more: true,
    })
    const wrong = await get(`/v1/responses/${id}/input_items?limit=0`)
    expect(await errorOf(wrong)).toMatchObject({ status: 400, param: 'limit' })
  })

  test('is deleted once', async () => {
    answerWith(START, text('pong'), STOP)
    const id = await idOf(await ask({}))
    const response = await remove(id)
    expect(await response.json()).toEqual({ id, object: 'response', deleted: true })
    expect((await remove(id)).status).toBe(404)
  })

  test('cannot be streamed', async () => {
    answerWith(START, text('pong'), STOP)
    const id = await idOf(await ask({}))
    const response = await get(`/v1/responses/${id}?stream=true`)
    expect(await errorOf(response)).toMatchObject({ status: 400, param: 'stream' })
  })

  test('that does not exist is the 404 of OpenAI', async () => {
    const expected = {
      ...{ status: 404, type: 'invalid_request_error', param: null, code: null },
      message: "Response with id 'resp_x' not found.",
    }
    expect(await errorOf(await get('/v1/responses/resp_x'))).toEqual(expected)
    expect(await errorOf(await get('/v1/responses/resp_x/input_items'))).toEqual(expected)
    expect(await errorOf(await remove('resp_x'))).toEqual(expected)
  })
})
