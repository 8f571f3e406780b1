import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import type OpenAI from 'openai'
import { CliText } from '../../../src/dialect/tools/cli-text.ts'
import { say } from '../../support/clients/chat.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

type Tool = OpenAI.ChatCompletionFunctionTool
type Messages = OpenAI.ChatCompletionMessageParam[]

const tool = (name: string, more: Partial<Tool['function']> = {}): Tool => ({
  type: 'function',
  function: { name, description: '', parameters: { type: 'object' }, ...more },
})

function ask(tools: Tool[], messages: Messages = [{ role: 'user', content: 'hi' }]) {
  return server.post('/v1/chat/completions', { model: 'sonnet', messages, tools })
}

/** A talk that began before, so long that its history is given as a file if it is long. */
const talk = (messages: number): Messages =>
  Array.from({ length: messages }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `turn ${index}`,
  }))

/** Not written down anywhere: a text that loses about a million characters costs its tool. */
const VANISHING = tool('vanishing', { description: 'a\u200d'.repeat(1_500_000) })

describe('a tool that the CLI leaves out', () => {
  for (const length of [1, 3, 121]) {
    test(`fails a request of ${length} messages before anything is sent`, async () => {
      // Nothing of it is remembered the second time, either.
      for (let time = 0; time < 2; time++) {
        const response = await ask([tool('look'), VANISHING], talk(length))
        expect(await response.json()).toMatchObject({
          error: {
            ...{ type: 'invalid_request_error', param: 'tools' },
            message: expect.stringContaining('vanishing'),
          },
        })
        expect(response.status).toBe(400)
      }
      await expectNothingSent()
    })
  }
})

describe('a list of tools that was never offered before', () => {
  for (const length of [1, 3, 121]) {
    test(`makes the same request as a known one, with ${length} messages`, async () => {
      const tools = [tool(`new_${length}`), tool('Agent'), tool('Task'), tool('Bash')]
      for (let time = 0; time < 2; time++) {
        const response = await ask(tools, talk(length))
        expect(response.status).toBe(200)
        await response.body?.cancel()
      }
      const [first, second] = server.api.requests.map(({ text }) => withoutIds(text))
      expect(server.api.requests.length).toBe(2)
      expect(first).toBe(second)
      expect(first).toContain(`new_${length}`)
    })
  }
})

describe('what reaches the model', () => {
  test('a description of 7 MB is whole', async () => {
    const description = 'Reads a file. '.repeat(500_000)
    const response = await ask([tool('look', { description })])
    expect(response.status).toBe(200)
    const [sent] = server.api.requests[0]?.body.tools ?? []
    expect(sent?.['description'] === description).toBe(true)
  })

  test('every character that the CLI alters is one that we name', async () => {
    const points = Array.from({ length: 0x110000 }, (_, point) => point).filter(
      (point) => (point < 0xd800 || point > 0xdfff) && point !== 10,
    )
    // Few enough unassigned ones in each, or the tool would vanish; see above.
    const groups = Map.groupBy(points.slice(0, 0x40000), (point) => Math.floor(point / 0x4000))
    const tools = [...groups].map(([index, group]) =>
      tool(`t${index}`, { description: linesOf(group).join('\n') }),
    )
    const response = await ask(tools)
    expect(response.headers.get('x-claude-max-api-changed')).toContain('tools[0]')
    const unnamed: string[] = []
    const overnamed: string[] = []
    for (const { name, description } of server.api.requests[0]?.body.tools ?? []) {
      const sent = String(description).split('\n')
      const group = groups.get(Number(name.slice(1))) ?? []
      expect(sent.length).toBe(group.length)
      for (const [index, line] of linesOf(group).entries()) {
        const named = !new CliText().carries(line)
        if (sent[index] !== line && !named) unnamed.push(line)
        if (sent[index] === line && named) overnamed.push(line)
      }
    }
    expect(unnamed).toEqual([])
    // Their Unicode tables may be of different versions.
    expect(overnamed.length).toBeLessThan(10_000)
  })

  test('a pattern that had to be escaped means the same', async () => {
    const pattern = '^(½|\\½|[ﬁ-ﬂ]|👩\u200d🚀|\\\\…)$'
    const parameters = { type: 'object', properties: { x: { type: 'string', pattern } } }
    const response = await ask([tool('look', { parameters })])
    expect(response.headers.get('x-claude-max-api-changed')).toBeNull()
    const escaped = /"pattern":("(?:[^"\\]|\\.)*")/.exec(server.api.requests[0]?.text ?? '')?.[1]
    const sent = new RegExp(JSON.parse(escaped ?? ''))
    const texts = ['½', 'ﬁ', 'ﬂ', '👩\u200d🚀', '\\…', '1⁄2', 'fi', '👩🚀', '\\...']
    expect(texts.map((text) => sent.test(text))).toEqual(
      texts.map((text) => new RegExp(pattern).test(text)),
    )
    expect(sent.source).not.toBe(pattern)
  })

  test('a tool that the CLI keeps for itself is named as ignored', async () => {
    server.api.answerWith(() => say('ok'))
    const response = await ask([tool('look'), tool('ToolSearch')])
    expect(response.headers.get('x-claude-max-api-ignored')).toBe('tools[1].function (ToolSearch)')
    expect(server.api.requests[0]?.body.tools?.map(({ name }) => name)).toEqual(['look'])
  })
})

/** What was sent before another request has arrived when that request has. */
async function expectNothingSent(): Promise<void> {
  expect((await ask([])).status).toBe(200)
  expect(server.api.requests.length).toBe(1)
}

/** Two processes have two sessions. */
function withoutIds(text: string): string {
  return text.replaceAll(/(session|device)_id\\":\\"[\da-f-]+/g, '')
}

function linesOf(points: readonly number[]): string[] {
  return points.map((point) => `|${String.fromCodePoint(point)}|`)
}
