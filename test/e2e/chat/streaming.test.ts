import { afterAll, beforeEach, expect, test } from 'bun:test'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { framesOf, readAnswer } from '../../support/clients/sse.ts'
import { startServer } from '../../support/servers/server.ts'
import { within } from '../../support/waiting.ts'

/** A stage that holds a piece back holds it until the next one, which here never comes. */
const SEEN_MS = 4_000
const PIECES = ['one', ' two', ' three', ' four', ' 🦩', ' five']

type Chunk = { choices?: { delta: { content?: string; reasoning_content?: string } }[] }

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const question = {
  model: 'sonnet',
  stream: true,
  messages: [{ role: 'user', content: 'count' }],
}

/** Writes a piece only when `next` is called, so that the client's sight of it is the clock. */
function steps() {
  const gates = [...PIECES, 'end'].map(() => Promise.withResolvers<void>())
  let [written, allowed] = [0, 0]
  server.api.answerWith(() =>
    messageReply([{ type: 'text', text: PIECES }], {
      pace: async () => gates[written++]?.promise,
    }),
  )
  return { next: () => gates[allowed++]?.resolve() }
}

test('every piece is at the client before the model writes the next one', async () => {
  const { next } = steps()
  next()
  const response = await within(
    server.post('/v1/chat/completions', question),
    SEEN_MS,
    'the response',
  )
  const seen: string[] = []
  const reader = framesOf(response).getReader()
  const piece = async () => {
    for (;;) {
      const { value = '[DONE]' } = await reader.read()
      if (value === '[DONE]') return undefined
      const { choices }: Chunk = JSON.parse(value)
      const content = choices?.[0]?.delta.content
      if (content) return content
    }
  }
  for (const expected of PIECES) {
    const content = await within(piece(), SEEN_MS, `'${expected}' at the client`)
    seen.push(content ?? '')
    next()
  }
  expect(seen).toEqual(PIECES)
  expect(await within(piece(), SEEN_MS, 'the end')).toBeUndefined()
})

test('the first frame comes when the model begins, before it has written a word', async () => {
  const { next } = steps()
  const response = await within(
    server.post('/v1/chat/completions', question),
    SEEN_MS,
    'the response',
  )
  const frames = framesOf(response)
  const reader = frames.getReader()
  const { value } = await within(reader.read(), SEEN_MS, 'the first frame')
  expect(JSON.parse(value ?? '')).toMatchObject({ choices: [{ delta: { role: 'assistant' } }] })
  for (let left = PIECES.length + 1; left > 0; left--) next()
  while (!(await within(reader.read(), SEEN_MS, 'the rest')).done);
})

test('a thinking model is heard before it answers', async () => {
  const answer = Promise.withResolvers<void>()
  let pieces = 0
  server.api.answerWith(() =>
    messageReply(
      [
        { type: 'thinking', thinking: 'hm' },
        { type: 'text', text: 'yes' },
      ],
      // The first piece is the thought, the second its signature.
      { pace: async () => (pieces++ < 2 ? undefined : answer.promise) },
    ),
  )
  const response = await within(
    server.post('/v1/chat/completions', question),
    SEEN_MS,
    'the response',
  )
  const reader = framesOf(response).getReader()
  let thought = ''
  while (thought === '') {
    const { value } = await within(reader.read(), SEEN_MS, 'the thought at the client')
    if (value === undefined) throw new Error('The stream ended without a thought.')
    const { choices }: Chunk = JSON.parse(value)
    thought = choices?.[0]?.delta.reasoning_content ?? ''
  }
  expect(thought).toBe('hm')
  answer.resolve()
  while (!(await within(reader.read(), SEEN_MS, 'the rest')).done);
})

test('ten thousand pieces arrive in order and whole', async () => {
  const text = Array.from({ length: 10_000 }, (_, index) => ` ${index}`)
  server.api.answerWith(() => messageReply([{ type: 'text', text }]))
  const answer = await readAnswer(await server.post('/v1/chat/completions', question))
  expect(answer).toEqual({ done: true, text: text.join(''), finishReasons: ['stop'], errors: [] })
})
