import { afterAll, beforeEach, expect, test } from 'bun:test'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { startServer } from '../../support/servers/server.ts'

// One server keeps the worker of a conversation, the other seeds a new one for every request.
const live = await startServer({ settings: { 'max-workers': 3, 'warm-workers': 1 } })
const seeded = await startServer({
  settings: { 'max-workers': 3, 'warm-workers': 1, 'idle-ttl': '1ms', 'park-ttl': '1ms' },
})
afterAll(() => Promise.all([live.stop(), seeded.stop()]))
beforeEach(() => {
  for (const { api } of [live, seeded]) {
    api.forget()
    api.answerWith(({ body }) =>
      messageReply([
        { type: 'text', text: `answer ${body.messages.length} ${'and more '.repeat(50)}` },
      ]),
    )
  }
})

const TURNS = 6

/** Holds a conversation and returns what the model API received, turn by turn. */
async function converse({ client, api }: typeof live, model: string): Promise<string[]> {
  const messages: { role: 'user' | 'assistant' | 'system'; content: string }[] = [
    { role: 'system', content: 'You are terse. '.repeat(100) },
  ]
  for (let turn = 0; turn < TURNS; turn++) {
    messages.push({ role: 'user', content: `question ${turn} ${'lorem ipsum '.repeat(50)}` })
    const { choices } = await client.chat.completions.create({ model, messages })
    messages.push({ role: 'assistant', content: choices[0]?.message.content ?? '' })
  }
  return api.requests.map(({ body }) => cached(body))
}

/** The part of a request that a prompt cache is keyed by, without the marks that set it up. */
function cached({
  system,
  tools,
  messages,
}: {
  system?: unknown
  tools?: unknown
  messages: unknown
}) {
  return JSON.stringify({ tools, system, messages }).replaceAll(/,"cache_control":\{[^}]*\}/g, '')
}

for (const model of ['sonnet', 'claude-haiku-4-5']) {
  test(`a conversation seeded on every turn sends the bytes of a live one (${model})`, async () => {
    const [ofLive, ofSeeded] = [await converse(live, model), await converse(seeded, model)]
    expect(ofLive.length).toBe(TURNS)
    expect(ofSeeded).toEqual(ofLive)
  })
}
