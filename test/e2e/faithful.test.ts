import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { conversationOf, systemOf } from '../support/model-api.ts'
import { startServer } from '../support/server.ts'

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

type Turn = { role: 'user' | 'assistant'; content: string }

/** Alternating turns; the content tells the place, so that a mixed-up order shows. */
function history(length: number): Turn[] {
  return Array.from({ length }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: ` turn ${index} — ünïcödé 🦩 \n`,
  }))
}

const asBlocks = (turns: readonly Turn[]) =>
  turns.map(({ role, content }) => ({ role, content: [{ type: 'text', text: content }] }))

async function ask(messages: Turn[]): Promise<void> {
  await server.client.chat.completions.create({ model: 'sonnet', messages })
}

describe('the conversation that reaches the model API is the one the client sent', () => {
  for (const length of [1, 7, 201]) {
    test(`${length} messages keep roles, order and bytes`, async () => {
      await ask(history(length))
      expect(server.api.requests.map(conversationOf)).toEqual([asBlocks(history(length))])
    })
  }

  for (const text of [
    '@/etc/hostname',
    '/help',
    '/clear',
    '!ls',
    '#x',
    '--help',
    '\u0000 \u2028',
  ]) {
    test(`${JSON.stringify(text)} is text`, async () => {
      const turns = [...history(2), { role: 'user' as const, content: text }]
      await ask(turns)
      expect(server.api.requests.map(conversationOf)).toEqual([asBlocks(turns)])
    })
  }

  test('system and developer messages anywhere are joined in order', async () => {
    await server.client.chat.completions.create({
      model: 'sonnet',
      messages: [
        { role: 'system', content: 'one' },
        { role: 'user', content: 'hi' },
        { role: 'developer', content: [{ type: 'text', text: 'two' }] },
      ],
    })
    expect(server.api.requests.map(systemOf)).toEqual([['one\n\ntwo']])
  })
})
