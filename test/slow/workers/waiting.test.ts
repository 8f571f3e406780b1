import { afterAll, expect, test } from 'bun:test'
import { systemOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer({ settings: { 'max-workers': 1, 'warm-workers': 1 } })
afterAll(() => server.stop())

const ask = (content: string, tool?: string) =>
  server.client.chat.completions.create({
    model: 'sonnet',
    messages: [{ role: 'user', content }],
    ...(tool && { tools: [{ type: 'function', function: { name: tool } }] }),
  })

test('a request that waits gets the place of a worker that has become idle', async () => {
  const answers = await Promise.all(['one', 'two', 'three'].map((content) => ask(content)))
  expect(answers.map(({ choices }) => choices[0]?.message.content)).toEqual(
    answers.map(() => 'pong'),
  )
})

/** All that the model reads of a conversation, but for the names of its tools. */
const read = (name: string) =>
  server.api.requests.map((request) => ({
    system: systemOf(request),
    messages: JSON.stringify(request.body.messages).replaceAll(name, 'NAME'),
  }))

async function readOf(name: string) {
  server.api.forget()
  await ask('hi', name)
  return read(name)
}

test("a client's tool by the name of one of the CLI's own adds nothing to the conversation", async () => {
  const neutral = await readOf('neutral_tool')
  expect(neutral.length).toBe(1)
  for (const name of ['Bash', 'Agent', 'Read', 'Skill', 'TodoWrite', 'WebSearch']) {
    expect(await readOf(name)).toEqual(neutral)
  }
})
