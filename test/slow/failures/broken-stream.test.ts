import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { messageStart, sseReply } from '../../../src/demo/message-stream.ts'
import { atRest } from '../../support/servers/at-rest.ts'
import { startServer } from '../../support/servers/server.ts'
import { framesOf } from '../../support/clients/sse.ts'

/** No model answers at once; see docs/conformance.md for what an instant broken answer may cost. */
const FIRST_TOKEN_MS = 50

const server = await startServer({ settings: { 'max-workers': 2, 'warm-workers': 0 } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

type Event = { type: string; [key: string]: unknown }

const begin = (content_block: object, index = 0) => ({
  ...{ type: 'content_block_start', index, content_block },
})
const delta = (piece: object, index = 0) => ({ type: 'content_block_delta', index, delta: piece })
const end = (index = 0) => ({ type: 'content_block_stop', index })
const openText = (index = 0): Event[] => [
  begin({ type: 'text', text: '' }, index),
  delta({ type: 'text_delta', text: 'hel' }, index),
]
const openCall = (index = 0): Event[] => [
  begin({ type: 'tool_use', id: `toolu_${index}`, name: 'look', input: {} }, index),
  delta({ type: 'input_json_delta', partial_json: '{"at":"x"' }, index),
]
const closeCall = [delta({ type: 'input_json_delta', partial_json: '}' }), end()]
const thinking: Event[] = [
  begin({ type: 'thinking', thinking: '', signature: '' }),
  delta({ type: 'thinking_delta', thinking: 'hm' }),
  delta({ type: 'signature_delta', signature: 'c2lnbmVk' }),
  end(),
]
const messageDelta = (stop_reason: string | null): Event => ({
  ...{ type: 'message_delta', delta: { stop_reason, stop_sequence: null } },
  usage: { output_tokens: 7 },
})
const messageStop: Event = { type: 'message_stop' }

/** The events before the stream of the model API ends, or its connection is cut. */
const endings: [what: string, events: Event[], how: 'ends' | 'is cut'][] = [
  ['before its first event', [], 'ends'],
  ['before its first event', [], 'is cut'],
  ['behind message_start', [messageStart()], 'ends'],
  ['behind message_start', [messageStart()], 'is cut'],
  ['in an empty text', [messageStart(), begin({ type: 'text', text: '' })], 'ends'],
  ['in a text', [messageStart(), ...openText()], 'ends'],
  ['in a text', [messageStart(), ...openText()], 'is cut'],
  ['behind a text', [messageStart(), ...openText(), end()], 'ends'],
  ['behind a text', [messageStart(), ...openText(), end()], 'is cut'],
  [
    'behind a message_delta without a reason',
    [messageStart(), ...openText(), end(), messageDelta(null)],
    'ends',
  ],
  ['behind a message_stop only', [messageStart(), ...openText(), end(), messageStop], 'ends'],
  [
    'behind a message_stop without a reason',
    [messageStart(), ...openText(), end(), messageDelta(null), messageStop],
    'is cut',
  ],
  ['behind thinking', [messageStart(), ...thinking], 'ends'],
  ['in a text behind thinking', [messageStart(), ...thinking, ...openText(1)], 'is cut'],
  ['in a second text', [messageStart(), ...openText(), end(), ...openText(1)], 'ends'],
  ['in a call', [messageStart(), ...openCall()], 'is cut'],
  ['behind a call', [messageStart(), ...openCall(), ...closeCall], 'ends'],
  [
    'in a text behind a call',
    [messageStart(), ...openCall(), ...closeCall, ...openText(1)],
    'is cut',
  ],
  [
    'behind a call and message_stop',
    [messageStart(), ...openCall(), ...closeCall, messageStop],
    'ends',
  ],
]

const messages = [{ role: 'user', content: 'hi' }]
const parameters = { type: 'object', properties: { at: { type: 'string' } } }

/** How each dialect is asked, and where its errors have their code, whole and in a stream. */
const dialects = [
  {
    path: '/v1/chat/completions',
    body: { messages, tools: [{ type: 'function', function: { name: 'look', parameters } }] },
    whole: { error: { code: 'upstream_error', type: 'server_error' } },
    frame: { error: { code: 'upstream_error', type: 'server_error' } },
    status: 502,
  },
  {
    path: '/v1/responses',
    body: { input: 'hi', tools: [{ type: 'function', name: 'look', parameters, strict: false }] },
    whole: { error: { code: 'upstream_error', type: 'server_error' } },
    frame: { type: 'response.failed', response: { error: { code: 'server_error' } } },
    status: 502,
  },
  {
    path: '/v1/messages',
    body: { messages, max_tokens: 9_000, tools: [{ name: 'look', input_schema: parameters }] },
    whole: { type: 'error', error: { type: 'api_error' } },
    frame: { type: 'error', error: { type: 'api_error' } },
    status: 500,
  },
] as const
const ways = [false, true].flatMap((stream) => dialects.map((dialect) => ({ ...dialect, stream })))

describe("a model's stream that has no end is a failure of the model API, after one request", () => {
  // Each ending by one of the six ways, so that each way has each kind of ending.
  for (const [number, [what, events, how]] of endings.entries()) {
    const way = ways[number % ways.length]
    if (!way) continue
    const { path, body, whole, frame, status, stream } = way
    test(`it ${how} ${what}: ${path}${stream ? ', streamed' : ''}`, async () => {
      server.api.answerWith(() => breaksOff(events, how))
      const response = await server.post(path, { model: 'sonnet', stream, ...body })
      if (response.status === 200) {
        const frames = await Array.fromAsync(framesOf(response))
        expect(JSON.parse(frames.at(-1) ?? '')).toMatchObject(frame)
      } else {
        expect(await response.json()).toMatchObject(whole)
        expect(response.status).toBe(status)
      }
      // On a busy machine the end may be known before anything has been sent.
      if (!stream || events.length === 0) expect(response.status).toBe(status)
      await atRest(server)
      expect(server.api.requests.length).toBe(1)
    })
  }
})

test('an answer whose last word was told is whole, however the connection ends', async () => {
  const whole = [messageStart(), ...openText(), end(), messageDelta('end_turn')]
  for (const how of ['ends', 'is cut'] as const) {
    server.api.answerWith(() => breaksOff(whole, how))
    const response = await server.post('/v1/chat/completions', { model: 'sonnet', messages })
    expect(await response.json()).toMatchObject({
      choices: [{ message: { content: 'hel' }, finish_reason: 'stop' }],
    })
  }
  expect(server.api.requests.length).toBe(2)
})

/** Sends the events, and lets the CLI read them before the connection goes. */
async function breaksOff(events: readonly Event[], how: 'ends' | 'is cut'): Promise<Response> {
  await Bun.sleep(FIRST_TOKEN_MS)
  return sseReply(
    (async function* () {
      yield* events
      await Bun.sleep(FIRST_TOKEN_MS)
      if (how === 'is cut') throw new Error('cut')
    })(),
  )
}
